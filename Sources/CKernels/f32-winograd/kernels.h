#pragma once
#include "quoin-f32-winograd.h"

// The family, one row per kernel and in rising order of instruction sets: instruction set, side of a tile.
// Declarations, the table and the tests follow.
#define QN_F32_WINOGRAD_KERNELS(ROW) \
  ROW(portable, 2)                   \
  ROW(portable, 4)                   \
  ROW(avx2, 2)                       \
  ROW(avx2, 4)                       \
  ROW(avx512, 2)                     \
  ROW(avx512, 4)

#define DECLARE(isa, tile)                                                                                        \
  void qn_f32_winograd_input_##tile##__##isa(const qn_window *window, const float *x, size_t tile_begin,          \
                                             size_t tile_end, float *matrices, size_t matrix_stride);             \
  void qn_f32_winograd_output_##tile##__##isa(const qn_window *window, const float *matrices,                     \
                                              size_t matrix_stride, size_t tile_begin, size_t tile_end,           \
                                              size_t channels, const float *bias, const qn_epilogue *epilogue,    \
                                              float *y);
QN_F32_WINOGRAD_KERNELS(DECLARE)
#undef DECLARE
