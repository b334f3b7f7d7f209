#pragma once

// Vectors of 32-bit sums on AVX-512.

enum { v_width = 16 };
typedef __m512i vec;

INLINE vec v_zero(void) { return _mm512_setzero_si512(); }
INLINE vec v_load(const void *p) { return _mm512_loadu_si512(p); }
INLINE void v_store(void *p, vec x) { _mm512_storeu_si512(p, x); }
INLINE vec v_add(vec a, vec b) { return _mm512_add_epi32(a, b); }

// Four bytes in every lane.
INLINE __m512i spread_bytes(const char *a) {
  int32_t bytes;
  memcpy(&bytes, a, sizeof bytes);
  return _mm512_set1_epi32(bytes);
}
