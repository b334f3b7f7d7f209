#include "kernels.h"

#include <immintrin.h>
#include <string.h>

#define INLINE __attribute__((always_inline)) static inline

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "requantise-avx2.h"
#include "vectors-avx2.h"

// `vpmaddubsw` saturates where both products of a pair are large. So bytes become 16-bit numbers, the even ones and the
// odd ones of every lane, whose products `vpmaddwd` adds exactly.
typedef struct {
  vec even, odd;
} pairs;
typedef pairs left, right;

INLINE left spread(const char *a) {
  vec bytes = spread_bytes(a);
  return (left){_mm256_and_si256(bytes, _mm256_set1_epi16(255)), _mm256_srli_epi16(bytes, 8)};
}
INLINE right weights(const char *b) {
  vec bytes = v_load(b);
  return (right){_mm256_srai_epi16(_mm256_slli_epi16(bytes, 8), 8), _mm256_srai_epi16(bytes, 8)};
}
INLINE vec dot(vec sum, left a, right b) {
  sum = v_add(sum, _mm256_madd_epi16(a.even, b.even));
  return v_add(sum, _mm256_madd_epi16(a.odd, b.odd));
}

#define KERNEL qn_u8_gemm__avx2
#define TALLEST 4
enum { tallest = TALLEST, depth = 4, parts_of_one = 4 };
#include "gemm.h"
#pragma clang attribute pop
