#pragma once
#include "quoin-f32-gemm.h"

// The family, one row per kernel and in rising order of instruction sets: instruction set, columns of a panel.
// Declarations, the table and the tests follow.
#define QN_F32_GEMM_KERNELS(ROW) \
  ROW(portable, 8)               \
  ROW(avx2, 16)                  \
  ROW(avx512, 32)

#define DECLARE(isa, panel)                                                                    \
  void qn_f32_gemm__##isa(size_t m, size_t n, size_t k, const float *a, size_t a_stride,       \
                          const float *packed, const qn_epilogue *epilogue, float *c, size_t c_stride);
QN_F32_GEMM_KERNELS(DECLARE)
#undef DECLARE
