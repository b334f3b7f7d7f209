#pragma once
#include "quoin-f32-epilogue.h"

// The family, one row per kernel and in rising order of instruction sets. Declarations, the table and the tests follow.
#define QN_F32_EPILOGUE_KERNELS(ROW) \
  ROW(portable)                      \
  ROW(avx2)                          \
  ROW(avx512)

#define DECLARE(isa)                                                                                      \
  void qn_f32_epilogue__##isa(size_t rows, size_t channels, const float *x, size_t x_stride,              \
                              const float *scale, const float *shift, const float *residual,              \
                              size_t residual_stride, qn_activation activation, float *y, size_t y_stride);
QN_F32_EPILOGUE_KERNELS(DECLARE)
#undef DECLARE
