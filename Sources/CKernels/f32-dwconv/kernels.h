#pragma once
#include "quoin-f32-dwconv.h"

// The family, one row per kernel and in rising order of instruction sets. Declarations, the table and the tests follow.
#define QN_F32_DWCONV_KERNELS(ROW) \
  ROW(portable)                    \
  ROW(avx2)                        \
  ROW(avx512)

#define DECLARE(isa)                                                                                          \
  void qn_f32_dwconv__##isa(const qn_window *window, const float *x, const float *weights, const float *bias, \
                            const float *residual, qn_activation activation, float *y, int row_begin,         \
                            int row_end, int channel_begin, int channel_end);
QN_F32_DWCONV_KERNELS(DECLARE)
#undef DECLARE
