#include "kernels.h"

#include <immintrin.h>

#define INLINE __attribute__((always_inline)) static inline

#define TARGET "avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma"
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#include "../simd/avx512.h"
#include "linear.h"

typedef __m512i words;

INLINE words load_words(const float *p) { return _mm512_loadu_si512(p); }
// A permutation looks at four bits of every lane: it is a table of sixteen numbers.
INLINE vec decoded(words x, unsigned s) {
  vec values = _mm512_setr_ps(0, 1, 2, 3, 4, 5, 6, 7, -8, -7, -6, -5, -4, -3, -2, -1);
  return _mm512_permutexvar_ps(_mm512_srli_epi32(x, 4 * s), values);
}

#define KERNEL qn_w4_gemm__avx512
#define TALLEST 6
#include "w4-product.h"
#pragma clang attribute pop
