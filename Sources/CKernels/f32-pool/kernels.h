#pragma once
#include "quoin-f32-pool.h"

// The family, one row per kernel and in rising order of instruction sets. Declarations, the table and the tests follow.
#define QN_F32_POOL_KERNELS(ROW) \
  ROW(portable)                  \
  ROW(avx2)                      \
  ROW(avx512)

#define DECLARE(isa)                                                                                             \
  void qn_f32_pool__##isa(const qn_window *window, int maximum, const float *x, float *y, int row_begin,         \
                          int row_end, int channel_begin, int channel_end);
QN_F32_POOL_KERNELS(DECLARE)
#undef DECLARE
