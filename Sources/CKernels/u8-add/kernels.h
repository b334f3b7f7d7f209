#pragma once
#include "quoin-u8-add.h"

// The family, one row per kernel and in rising order of instruction sets. Declarations, the table and the tests follow.
#define QN_U8_ADD_KERNELS(ROW) \
  ROW(portable)                \
  ROW(avx2)                    \
  ROW(avx512)

#define DECLARE(isa)                                                                                           \
  void qn_u8_add__##isa(size_t count, const uint8_t *a, const uint8_t *b, const qn_u8_addition *addition, uint8_t *z);
QN_U8_ADD_KERNELS(DECLARE)
#undef DECLARE

// The fastest kernel of at most a level that this processor runs.
qn_u8_add_function qn_u8_add_for(qn_isa isa);
