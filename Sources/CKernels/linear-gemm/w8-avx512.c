#include "kernels.h"

#include <immintrin.h>

#define INLINE __attribute__((always_inline)) static inline

#define TARGET "avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma"
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#include "../simd/avx512.h"
#include "linear.h"

INLINE vec weights(const char *b) {
  return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(_mm_loadu_si128((const __m128i *)b)));
}

#define KERNEL qn_w8_gemm__avx512
#define TALLEST 12
enum { tallest = TALLEST, parts_of_one = 8 };
#include "w8-product.h"
#pragma clang attribute pop
