#pragma once
#include "quoin-u8-pool.h"

// The family, one row per kernel and in rising order of instruction sets. Declarations, the table and the tests follow.
#define QN_U8_POOL_KERNELS(ROW) \
  ROW(portable)                 \
  ROW(avx2)                     \
  ROW(avx512)

#define DECLARE(isa)                                                                                 \
  void qn_u8_pool__##isa(const qn_window *window, const qn_u8_averaging *averaging, const uint8_t *x, \
                         uint8_t *y, int row_begin, int row_end, int channel_begin, int channel_end);
QN_U8_POOL_KERNELS(DECLARE)
#undef DECLARE
