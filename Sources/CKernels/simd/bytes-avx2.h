#pragma once
#include <stdint.h>
#include <string.h>

// The vocabulary of bytes on AVX2; to be included after avx2.h. A vector of bytes widens to four vectors of `v_width`
// integers or numbers, lane by lane, as the unpacking instructions do; narrowing is the exact way back.

enum { b_width = 4 * v_width };
typedef __m256i bytes;
// Also 8 integers of 32 bits.
typedef __m256i ints;

static inline bytes b_load(const uint8_t *p) { return _mm256_loadu_si256((const __m256i *)p); }
static inline void b_store(uint8_t *p, bytes x) { _mm256_storeu_si256((__m256i *)p, x); }
static inline bytes b_set(int x) { return _mm256_set1_epi8((char)x); }
static inline bytes b_min(bytes a, bytes b) { return _mm256_min_epu8(a, b); }
static inline bytes b_max(bytes a, bytes b) { return _mm256_max_epu8(a, b); }

// The first `count` bytes, count in 0 ... b_width; nothing beyond is touched.
static inline bytes b_load_first(const uint8_t *p, int count) {
  uint8_t copy[b_width] = {0};
  memcpy(copy, p, (size_t)count);
  return b_load(copy);
}

// The same where memory may be read up to `end`.
static inline bytes b_load_before(const uint8_t *p, int count, const uint8_t *end) {
  return end - p >= b_width ? b_load(p) : b_load_first(p, count);
}

static inline void b_store_first(uint8_t *p, bytes x, int count) {
  __m128i part = _mm256_castsi256_si128(x);
  if (count & 32) {
    b_store(p, x);
    return;
  }
  if (count & 16) {
    _mm_storeu_si128((__m128i *)p, part);
    part = _mm256_extracti128_si256(x, 1);
    p += 16;
  }
  if (count & 8) {
    _mm_storel_epi64((__m128i *)p, part);
    part = _mm_unpackhi_epi64(part, part);
    p += 8;
  }
  uint64_t rest = (uint64_t)_mm_cvtsi128_si64(part);
  if (count & 4) {
    memcpy(p, &rest, 4);
    rest >>= 32;
    p += 4;
  }
  if (count & 2) {
    memcpy(p, &rest, 2);
    rest >>= 16;
    p += 2;
  }
  if (count & 1) *p = (uint8_t)rest;
}

static inline bytes b_zip_low8(bytes a, bytes b) { return _mm256_unpacklo_epi8(a, b); }
static inline bytes b_zip_high8(bytes a, bytes b) { return _mm256_unpackhi_epi8(a, b); }
static inline bytes b_zip_low16(bytes a, bytes b) { return _mm256_unpacklo_epi16(a, b); }
static inline bytes b_zip_high16(bytes a, bytes b) { return _mm256_unpackhi_epi16(a, b); }

static inline ints i_zero(void) { return _mm256_setzero_si256(); }
static inline ints i_set(int x) { return _mm256_set1_epi32(x); }
static inline ints i_load(const void *p) { return _mm256_loadu_si256(p); }
static inline ints i_add(ints a, ints b) { return _mm256_add_epi32(a, b); }
static inline ints i_sub(ints a, ints b) { return _mm256_sub_epi32(a, b); }
static inline vec i_numbers(ints x) { return _mm256_cvtepi32_ps(x); }
// To the nearest, ties to even; what does not fit, and a NaN, becomes the least integer.
static inline ints v_rounded(vec x) { return _mm256_cvtps_epi32(x); }

static inline int v_all_below(vec a, vec b) { return _mm256_movemask_ps(_mm256_cmp_ps(a, b, _CMP_LT_OQ)) == 0xff; }

// Words: pairs of products, summed; sums with saturation, and differences without.
static inline ints w_dot(bytes a, bytes b) { return _mm256_madd_epi16(a, b); }
static inline bytes w_set(int x) { return _mm256_set1_epi16((short)x); }
static inline bytes w_add(bytes a, bytes b) { return _mm256_adds_epi16(a, b); }
static inline bytes w_wrapping_add(bytes a, bytes b) { return _mm256_add_epi16(a, b); }
static inline bytes w_sub(bytes a, bytes b) { return _mm256_sub_epi16(a, b); }
static inline bytes w_narrow_ints(ints a, ints b) { return _mm256_packs_epi32(a, b); }
static inline bytes b_narrow_words(bytes a, bytes b) { return _mm256_packus_epi16(a, b); }

// From the order in which bytes that were narrowed from consecutive vectors stand to the order of the vectors.
static inline bytes b_in_order(bytes x) {
  return _mm256_permutevar8x32_epi32(x, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}
// Consecutive bytes, widened.
static inline ints i_load_bytes(const uint8_t *p) {
  return _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)p));
}

// Looks up in 16 entries, the same in all lanes; 0 where the top bit of an index is set.
static inline bytes b_entries(const uint8_t *p) { return _mm256_broadcastsi128_si256(_mm_loadu_si128((const __m128i *)p)); }
static inline bytes b_look_up(bytes entries, bytes x) { return _mm256_shuffle_epi8(entries, x); }
static inline bytes b_sub(bytes a, bytes b) { return _mm256_sub_epi8(a, b); }
static inline bytes b_xor(bytes a, bytes b) { return _mm256_xor_si256(a, b); }
// `a` where the top bit of `x` is set, else `b`.
static inline bytes b_choose(bytes x, bytes a, bytes b) { return _mm256_blendv_epi8(b, a, x); }
