#pragma once
#include "quoin-f32-binary.h"

// The family, one row per instruction set in rising order. Declarations, the table and the tests follow.
#define QN_F32_BINARY_KERNELS(ROW) \
  ROW(portable)                    \
  ROW(avx2)                        \
  ROW(avx512)

#define DECLARE(isa)                                                                                       \
  void qn_f32_binary__##isa(qn_binary operation, size_t count, const float *a, size_t a_step, const float *b, \
                            size_t b_step, float *y);
QN_F32_BINARY_KERNELS(DECLARE)
#undef DECLARE
