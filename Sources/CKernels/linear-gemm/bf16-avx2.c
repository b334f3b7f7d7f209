#include "bf16.h"
#include "kernels.h"

#include <immintrin.h>

#define INLINE __attribute__((always_inline)) static inline

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"
#include "linear.h"

// Halves of a lane in FP32: the first number of a pair, and the second.
typedef struct {
  vec first, second;
} halves;
typedef halves left, right;

INLINE halves halves_of(__m256i x) {
  __m256i upper = _mm256_and_si256(x, _mm256_set1_epi32((int)0xffff0000));
  return (halves){_mm256_castsi256_ps(_mm256_slli_epi32(x, 16)), _mm256_castsi256_ps(upper)};
}
INLINE left spread(const char *a) {
  int32_t pair;
  memcpy(&pair, a, sizeof pair);
  return halves_of(_mm256_set1_epi32(pair));
}
INLINE right weights(const char *b) { return halves_of(_mm256_loadu_si256((const __m256i *)b)); }
INLINE vec dot(vec sum, left a, right b) { return v_fma(a.second, b.second, v_fma(a.first, b.first, sum)); }

#define round_rows bf16_rows
#define KERNEL qn_bf16_gemm__avx2
#define TALLEST 4
enum { tallest = TALLEST, depth = 2, parts_of_one = 4 };
#include "bf16-product.h"
#pragma clang attribute pop
