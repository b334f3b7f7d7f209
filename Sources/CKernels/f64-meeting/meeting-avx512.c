#include "CKernels.h"
#include "kernels.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma"))), apply_to = function)

static inline int is_outside(const double *remaining, const double *weight, const double *least, const double *most,
                             size_t lanes) {
  __mmask8 outside = 0;
  for (size_t l = 0; l < lanes; l += 8) {
    __m512d now = _mm512_sub_pd(_mm512_loadu_pd(remaining + l), _mm512_loadu_pd(weight + l));
    outside |= _mm512_cmp_pd_mask(now, _mm512_loadu_pd(least + l), _CMP_LT_OQ);
    outside |= _mm512_cmp_pd_mask(now, _mm512_loadu_pd(most + l), _CMP_GT_OQ);
  }
  return outside != 0;
}

static inline unsigned matches(const float *price, const float *load, size_t stride, size_t rows, float most_price,
                               const float *most_load) {
  __mmask16 bits = _mm512_cmp_ps_mask(_mm512_loadu_ps(price), _mm512_set1_ps(most_price), _CMP_LE_OQ);
  for (size_t r = 0; r < rows; r++) {
    bits &= _mm512_cmp_ps_mask(_mm512_loadu_ps(load + r * stride), _mm512_set1_ps(most_load[r]), _CMP_LE_OQ);
  }
  return bits;
}

#define MEETING qn_f64_meeting__avx512
#include "meeting.h"
#pragma clang attribute pop
