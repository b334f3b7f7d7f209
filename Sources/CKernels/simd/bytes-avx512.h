#pragma once
#include <stdint.h>

// The vocabulary of bytes on AVX-512; to be included after avx512.h. See bytes-avx2.h.

enum { b_width = 4 * v_width };
typedef __m512i bytes;
// Also 16 integers of 32 bits.
typedef __m512i ints;

static inline bytes b_load(const uint8_t *p) { return _mm512_loadu_si512(p); }
static inline void b_store(uint8_t *p, bytes x) { _mm512_storeu_si512(p, x); }
static inline bytes b_set(int x) { return _mm512_set1_epi8((char)x); }
static inline bytes b_min(bytes a, bytes b) { return _mm512_min_epu8(a, b); }
static inline bytes b_max(bytes a, bytes b) { return _mm512_max_epu8(a, b); }

static inline __mmask64 b_first(int count) { return count >= 64 ? ~0ull : (1ull << count) - 1; }
// The first `count` bytes, count in 0 ... b_width; nothing beyond is touched.
static inline bytes b_load_first(const uint8_t *p, int count) { return _mm512_maskz_loadu_epi8(b_first(count), p); }
// The same where memory may be read up to `end`.
static inline bytes b_load_before(const uint8_t *p, int count, const uint8_t *end) {
  (void)end;
  return b_load_first(p, count);
}
static inline void b_store_first(uint8_t *p, bytes x, int count) { _mm512_mask_storeu_epi8(p, b_first(count), x); }

static inline bytes b_zip_low8(bytes a, bytes b) { return _mm512_unpacklo_epi8(a, b); }
static inline bytes b_zip_high8(bytes a, bytes b) { return _mm512_unpackhi_epi8(a, b); }
static inline bytes b_zip_low16(bytes a, bytes b) { return _mm512_unpacklo_epi16(a, b); }
static inline bytes b_zip_high16(bytes a, bytes b) { return _mm512_unpackhi_epi16(a, b); }

static inline ints i_zero(void) { return _mm512_setzero_si512(); }
static inline ints i_set(int x) { return _mm512_set1_epi32(x); }
static inline ints i_load(const void *p) { return _mm512_loadu_si512(p); }
static inline ints i_add(ints a, ints b) { return _mm512_add_epi32(a, b); }
static inline ints i_sub(ints a, ints b) { return _mm512_sub_epi32(a, b); }
static inline vec i_numbers(ints x) { return _mm512_cvtepi32_ps(x); }
// To the nearest, ties to even; what does not fit, and a NaN, becomes the least integer.
static inline ints v_rounded(vec x) { return _mm512_cvtps_epi32(x); }

static inline int v_all_below(vec a, vec b) { return _mm512_cmp_ps_mask(a, b, _CMP_LT_OQ) == 0xffff; }

// Words: pairs of products, summed; sums with saturation, and differences without.
static inline ints w_dot(bytes a, bytes b) { return _mm512_madd_epi16(a, b); }
static inline bytes w_set(int x) { return _mm512_set1_epi16((short)x); }
static inline bytes w_add(bytes a, bytes b) { return _mm512_adds_epi16(a, b); }
static inline bytes w_wrapping_add(bytes a, bytes b) { return _mm512_add_epi16(a, b); }
static inline bytes w_sub(bytes a, bytes b) { return _mm512_sub_epi16(a, b); }
static inline bytes w_narrow_ints(ints a, ints b) { return _mm512_packs_epi32(a, b); }
static inline bytes b_narrow_words(bytes a, bytes b) { return _mm512_packus_epi16(a, b); }

// From the order in which bytes that were narrowed from consecutive vectors stand to the order of the vectors.
static inline bytes b_in_order(bytes x) {
  return _mm512_permutexvar_epi32(_mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15), x);
}
// Consecutive bytes, widened.
static inline ints i_load_bytes(const uint8_t *p) {
  return _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)p));
}

// Looks up in 16 entries, the same in all lanes; 0 where the top bit of an index is set.
static inline bytes b_entries(const uint8_t *p) { return _mm512_broadcast_i32x4(_mm_loadu_si128((const __m128i *)p)); }
static inline bytes b_look_up(bytes entries, bytes x) { return _mm512_shuffle_epi8(entries, x); }
static inline bytes b_sub(bytes a, bytes b) { return _mm512_sub_epi8(a, b); }
static inline bytes b_xor(bytes a, bytes b) { return _mm512_xor_si512(a, b); }
// `a` where the top bit of `x` is set, else `b`.
static inline bytes b_choose(bytes x, bytes a, bytes b) { return _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), b, a); }
