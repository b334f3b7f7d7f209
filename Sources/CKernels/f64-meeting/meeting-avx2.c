#include "CKernels.h"
#include "kernels.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)

static inline int is_outside(const double *remaining, const double *weight, const double *least, const double *most,
                             size_t lanes) {
  __m256d outside = _mm256_setzero_pd();
  for (size_t l = 0; l < lanes; l += 4) {
    __m256d now = _mm256_sub_pd(_mm256_loadu_pd(remaining + l), _mm256_loadu_pd(weight + l));
    outside = _mm256_or_pd(outside, _mm256_cmp_pd(now, _mm256_loadu_pd(least + l), _CMP_LT_OQ));
    outside = _mm256_or_pd(outside, _mm256_cmp_pd(now, _mm256_loadu_pd(most + l), _CMP_GT_OQ));
  }
  return _mm256_movemask_pd(outside) != 0;
}

static inline unsigned matches_of_eight(const float *price, const float *load, size_t stride, size_t rows,
                                        float most_price, const float *most_load) {
  __m256 is_match = _mm256_cmp_ps(_mm256_loadu_ps(price), _mm256_set1_ps(most_price), _CMP_LE_OQ);
  for (size_t r = 0; r < rows; r++) {
    __m256 keeps = _mm256_cmp_ps(_mm256_loadu_ps(load + r * stride), _mm256_set1_ps(most_load[r]), _CMP_LE_OQ);
    is_match = _mm256_and_ps(is_match, keeps);
  }
  return (unsigned)_mm256_movemask_ps(is_match);
}

static inline unsigned matches(const float *price, const float *load, size_t stride, size_t rows, float most_price,
                               const float *most_load) {
  return matches_of_eight(price, load, stride, rows, most_price, most_load) |
         matches_of_eight(price + 8, load + 8, stride, rows, most_price, most_load) << 8;
}

#define MEETING qn_f64_meeting__avx2
#include "meeting.h"
#pragma clang attribute pop
