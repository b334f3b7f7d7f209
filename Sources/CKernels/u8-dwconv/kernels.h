#pragma once
#include "quoin-u8-dwconv.h"

// The family, one row per kernel and in rising order of instruction sets. Declarations, the table and the tests follow.
#define QN_U8_DWCONV_KERNELS(ROW) \
  ROW(portable)

#define DECLARE(isa)                                                                                         \
  size_t qn_u8_dwconv_packed_size__##isa(const qn_window *window);                                             \
  void qn_u8_dwconv_pack__##isa(const qn_window *window, const int8_t *weights, const int32_t *bias, uint8_t zero, \
                                void *packed);                                                                 \
  void qn_u8_dwconv__##isa(const qn_window *window, const uint8_t *x, uint8_t zero, const void *packed,        \
                           const qn_requantisation *requantisation, uint8_t *y, int row_begin, int row_end,    \
                           int channel_begin, int channel_end);
QN_U8_DWCONV_KERNELS(DECLARE)
#undef DECLARE
