#pragma once
#include "quoin-f32-rows.h"

// The family, one row per instruction set in rising order. Declarations, the table and the tests follow.
#define QN_F32_ROWS_KERNELS(ROW) \
  ROW(portable)                  \
  ROW(avx2)                      \
  ROW(avx512)

#define DECLARE(isa)                                                                                         \
  void qn_f32_softmax__##isa(size_t rows, size_t columns, const float *x, size_t x_stride, float *y,         \
                             size_t y_stride);                                                               \
  void qn_f32_layernorm__##isa(size_t rows, size_t columns, const float *x, size_t x_stride,                 \
                               const float *gain, const float *bias, float epsilon, float *y, size_t y_stride);
QN_F32_ROWS_KERNELS(DECLARE)
#undef DECLARE
