#pragma once
#include "quoin-f32-stem.h"

// The family, one row per kernel and in rising order of instruction sets: instruction set, columns of a panel.
// Declarations, the table and the tests follow.
#define QN_F32_STEM_KERNELS(ROW) \
  ROW(portable, 8)               \
  ROW(avx2, 16)                  \
  ROW(avx512, 32)

#define DECLARE(isa, panel)                                                                             \
  void qn_f32_stem__##isa(const qn_window *window, const float *x, ptrdiff_t x_channel, ptrdiff_t x_pixel, \
                          const float *packed, int outputs, qn_activation activation, float *y,         \
                          int row_begin, int row_end, float *scratch);
QN_F32_STEM_KERNELS(DECLARE)
#undef DECLARE
