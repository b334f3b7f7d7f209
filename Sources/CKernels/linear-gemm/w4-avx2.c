#include "kernels.h"

#include <immintrin.h>

#define INLINE __attribute__((always_inline)) static inline

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"
#include "linear.h"

typedef __m256i words;

INLINE words load_words(const float *p) { return _mm256_loadu_si256((const __m256i *)p); }
INLINE vec decoded(words x, unsigned s) {
  return _mm256_cvtepi32_ps(_mm256_srai_epi32(_mm256_slli_epi32(x, 28 - 4 * s), 28));
}

#define KERNEL qn_w4_gemm__avx2
#define TALLEST 2
#include "w4-product.h"
#pragma clang attribute pop
