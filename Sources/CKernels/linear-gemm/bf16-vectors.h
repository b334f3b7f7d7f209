#pragma once

// Pairs of BF16 with the instructions for them; after simd/avx512.h and linear.h.

typedef __m512bh left, right;

INLINE left spread(const char *a) {
  int32_t pair;
  memcpy(&pair, a, sizeof pair);
  return (__m512bh)_mm512_set1_epi32(pair);
}
INLINE right weights(const char *b) { return (__m512bh)_mm512_loadu_si512(b); }
INLINE vec dot(vec sum, left a, right b) { return _mm512_dpbf16_ps(sum, a, b); }

// A's rows in BF16, filled up with zeros to `filled` numbers each.
INLINE void round_rows(size_t m, size_t k, const float *a, size_t a_stride, uint16_t *to, size_t filled,
                       size_t stride) {
  for (size_t row = 0; row < m; row++, a += a_stride, to += stride) {
    for (size_t i = 0; i < filled; i += 16) {
      vec x = i < k ? v_load_masked(a + i, v_first(k - i < 16 ? (int)(k - i) : 16)) : v_zero();
      vec_mask inside = v_first(filled - i < 16 ? (int)(filled - i) : 16);
      _mm256_mask_storeu_epi16(to + i, inside, (__m256i)_mm512_cvtneps_pbh(x));
    }
  }
}
