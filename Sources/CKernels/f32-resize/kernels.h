#pragma once
#include "quoin-f32-resize.h"

// The family, one row per kernel and in rising order of instruction sets. Declarations, the table and the tests follow.
#define QN_F32_RESIZE_KERNELS(ROW) \
  ROW(portable)                    \
  ROW(avx2)                        \
  ROW(avx512)

#define DECLARE(isa)                                                                           \
  void qn_f32_resize__##isa(int channels, int width, const float *x, int out_width,            \
                            const qn_neighbours *rows, const qn_neighbours *columns, float *y, \
                            int row_begin, int row_end);
QN_F32_RESIZE_KERNELS(DECLARE)
#undef DECLARE
