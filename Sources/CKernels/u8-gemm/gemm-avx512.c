#include "kernels.h"

#include <immintrin.h>
#include <string.h>

#define INLINE __attribute__((always_inline)) static inline
#define HAS_VBMI 0

#define TARGET "avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma"
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#include "requantise-avx512.h"
#include "vectors-avx512.h"

// See gemm-avx2.c.
typedef struct {
  vec even, odd;
} pairs;
typedef pairs left, right;

INLINE left spread(const char *a) {
  vec bytes = spread_bytes(a);
  return (left){_mm512_and_si512(bytes, _mm512_set1_epi16(255)), _mm512_srli_epi16(bytes, 8)};
}
INLINE right weights(const char *b) {
  vec bytes = v_load(b);
  return (right){_mm512_srai_epi16(_mm512_slli_epi16(bytes, 8), 8), _mm512_srai_epi16(bytes, 8)};
}
INLINE vec dot(vec sum, left a, right b) {
  sum = v_add(sum, _mm512_madd_epi16(a.even, b.even));
  return v_add(sum, _mm512_madd_epi16(a.odd, b.odd));
}

#define KERNEL qn_u8_gemm__avx512
#define TALLEST 10
enum { tallest = TALLEST, depth = 4, parts_of_one = 4 };
#include "gemm.h"
#pragma clang attribute pop
