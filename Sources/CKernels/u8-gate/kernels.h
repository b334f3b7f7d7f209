#pragma once
#include "quoin-u8-gate.h"

// The family, one row per kernel and in rising order of instruction sets. Declarations, the table and the tests follow.
#define QN_U8_GATE_KERNELS(ROW) \
  ROW(portable)                 \
  ROW(avx2)                     \
  ROW(avx512)

#define DECLARE(isa)                                                                      \
  void qn_u8_gate__##isa(size_t pixels, size_t channels, const uint8_t *x, const uint8_t *gate, \
                         const qn_u8_multiplication *multiplication, uint8_t *y);
QN_U8_GATE_KERNELS(DECLARE)
#undef DECLARE
