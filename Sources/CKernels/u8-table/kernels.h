#pragma once
#include "quoin-u8-table.h"

// The family, one row per kernel and in rising order of instruction sets. Declarations, the table and the tests follow.
#define QN_U8_TABLE_KERNELS(ROW) \
  ROW(portable, portable)        \
  ROW(avx2, avx2)                \
  ROW(avx512, avx512)            \
  ROW(avx512vbmi, avx512)

#define DECLARE(name, isa)                                                                                  \
  void qn_u8_table__##name(size_t rows, size_t columns, const uint8_t *x, size_t x_stride, const uint8_t *table, \
                          uint8_t *y, size_t y_stride);
QN_U8_TABLE_KERNELS(DECLARE)
#undef DECLARE

// The fastest kernel of at most a level that this processor runs.
qn_u8_table_function qn_u8_table_for(qn_isa isa);
