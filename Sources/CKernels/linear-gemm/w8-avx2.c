#include "kernels.h"

#include <immintrin.h>

#define INLINE __attribute__((always_inline)) static inline

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"
#include "linear.h"

INLINE vec weights(const char *b) {
  return _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_loadl_epi64((const __m128i *)b)));
}

#define KERNEL qn_w8_gemm__avx2
#define TALLEST 6
enum { tallest = TALLEST, parts_of_one = 4 };
#include "w8-product.h"
#pragma clang attribute pop
