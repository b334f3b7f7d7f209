#pragma once

// Vectors of 32-bit sums on AVX2.

enum { v_width = 8 };
typedef __m256i vec;

INLINE vec v_zero(void) { return _mm256_setzero_si256(); }
INLINE vec v_load(const void *p) { return _mm256_loadu_si256(p); }
INLINE void v_store(void *p, vec x) { _mm256_storeu_si256(p, x); }
INLINE vec v_add(vec a, vec b) { return _mm256_add_epi32(a, b); }

// Four bytes in every lane.
INLINE __m256i spread_bytes(const char *a) {
  int32_t bytes;
  memcpy(&bytes, a, sizeof bytes);
  return _mm256_set1_epi32(bytes);
}
