#pragma once
#include "plan.h"
#include "quoin-u8-dwconv.h"

// The family, one row per kernel and in rising order of instruction sets. Declarations, the table and the tests follow.
#define QN_U8_DWCONV_KERNELS(ROW) \
  ROW(portable, portable)         \
  ROW(avx2, avx2)                 \
  ROW(avx512, avx512)             \
  ROW(avx512vnni, avx512)

#define DECLARE(name, isa)                                                                                          \
  size_t qn_u8_dwconv_packed_size__##name(const qn_window *window);                                                 \
  void qn_u8_dwconv_pack__##name(const qn_window *window, const int8_t *weights, const int32_t *bias, uint8_t zero, \
                                 void *packed);                                                                     \
  void qn_u8_dwconv__##name(const qn_window *window, const uint8_t *x, uint8_t zero, const void *packed,            \
                            const qn_requantisation *requantisation, uint8_t *y, int row_begin, int row_end,        \
                            int channel_begin, int channel_end);
QN_U8_DWCONV_KERNELS(DECLARE)
#undef DECLARE

// One strip of output rows from `row` on, taken `columns` columns at a time, and up to one vector of channels: `count` from
// `channel` on.
typedef struct {
  const qn_window *window;
  const uint8_t *x;
  uint8_t zero;
  const qn_requantisation *requantisation;
  uint8_t *y;
  dwconv_plan plan;
  int columns;
  int row, rows, channel, count;
} dwconv_strip;

typedef void (*dwconv_block_function)(const dwconv_strip *strip, const int8_t *packed);

void qn_u8_dwconv_block__avx2(const dwconv_strip *strip, const int8_t *packed);
void qn_u8_dwconv_block__avx512(const dwconv_strip *strip, const int8_t *packed);
void qn_u8_dwconv_block__avx512vnni(const dwconv_strip *strip, const int8_t *packed);
void qn_u8_dwconv_block__avx256vnni(const dwconv_strip *strip, const int8_t *packed);
void qn_u8_dwconv_block__avx512vnni_narrow(const dwconv_strip *strip, const int8_t *packed);

// What a kernel is made of: blocks of `channels` channels, and a last one of up to 32 channels with narrow vectors.
typedef struct {
  qn_isa isa;
  dwconv_block_function wide, narrow;
  int channels;
  // Whether four bytes are multiplied at once, or two words twice.
  int has_byte_dots;
} dwconv_parts;

size_t qn_u8_dwconv_strips_size(const qn_window *window, const dwconv_parts *parts);
void qn_u8_dwconv_strips_pack(const qn_window *window, const int8_t *weights, const int32_t *bias, uint8_t zero,
                              void *packed, const dwconv_parts *parts);
void qn_u8_dwconv_strips(const qn_window *window, const uint8_t *x, uint8_t zero, const void *packed,
                         const qn_requantisation *requantisation, uint8_t *y, int row_begin, int row_end,
                         int channel_begin, int channel_end, const dwconv_parts *parts);
