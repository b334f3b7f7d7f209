#pragma once
#include "quoin-u8-resize.h"

// The family, one row per kernel and in rising order of instruction sets. Declarations, the table and the tests follow.
#define QN_U8_RESIZE_KERNELS(ROW) \
  ROW(portable)                   \
  ROW(avx2)                       \
  ROW(avx512)

#define DECLARE(isa)                                                                                        \
  void qn_u8_resize__##isa(int channels, int width, const uint8_t *x, int out_width, const qn_neighbours *rows, \
                           const qn_neighbours *columns, const qn_u8_resizing *resizing, uint8_t *y, int row_begin, \
                           int row_end);
QN_U8_RESIZE_KERNELS(DECLARE)
#undef DECLARE
