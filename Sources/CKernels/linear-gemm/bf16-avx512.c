#include "bf16.h"
#include "kernels.h"

#include <immintrin.h>

#define INLINE __attribute__((always_inline)) static inline

#define TARGET "avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma"
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#include "../simd/avx512.h"
#include "linear.h"

// Halves of a lane in FP32: the first number of a pair, and the second.
typedef struct {
  vec first, second;
} halves;
typedef halves left, right;

INLINE halves halves_of(__m512i x) {
  __m512i upper = _mm512_and_si512(x, _mm512_set1_epi32((int)0xffff0000));
  return (halves){_mm512_castsi512_ps(_mm512_slli_epi32(x, 16)), _mm512_castsi512_ps(upper)};
}
INLINE left spread(const char *a) {
  int32_t pair;
  memcpy(&pair, a, sizeof pair);
  return halves_of(_mm512_set1_epi32(pair));
}
INLINE right weights(const char *b) { return halves_of(_mm512_loadu_si512(b)); }
INLINE vec dot(vec sum, left a, right b) { return v_fma(a.second, b.second, v_fma(a.first, b.first, sum)); }

#define round_rows bf16_rows
#define KERNEL qn_bf16_gemm__avx512
#define TALLEST 10
enum { tallest = TALLEST, depth = 2, parts_of_one = 4 };
#include "bf16-product.h"
#pragma clang attribute pop
