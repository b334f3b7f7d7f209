#pragma once
#include "quoin-f32-gconv.h"

// The family, one row per kernel and in rising order of instruction sets: instruction set, lanes of a vector.
// Declarations, the table and the tests follow.
#define QN_F32_GCONV_KERNELS(ROW) \
  ROW(portable, 4)                \
  ROW(avx2, 8)                    \
  ROW(avx512, 16)

#define DECLARE(isa, lanes)                                                                                       \
  void qn_f32_gconv__##isa(const qn_window *window, int groups, int outputs, const float *x, const float *packed, \
                           const float *residual, qn_activation activation, float *y, int row_begin, int row_end, \
                           int channel_begin, int channel_end, float *scratch);
QN_F32_GCONV_KERNELS(DECLARE)
#undef DECLARE
