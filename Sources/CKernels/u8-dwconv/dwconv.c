// What the kernels have in common: the packing of weights, the cut into strips, and what follows a strip.

#include "kernels.h"

#include "../u8-add/kernels.h"
#include "../u8-table/kernels.h"

#include <string.h>

static int words(const dwconv_parts *p) { return p->has_byte_dots ? 1 : 2; }

// Output columns whose input fits into the scratch memory for a block of channels.
static int columns_of(const qn_window *w, int block, const dwconv_parts *p) {
  return dwconv_columns(w, dwconv_plan_of(w), block * 4 * words(p));
}

// Whether there are any: larger windows are the portable kernel's.
static int is_cut(const qn_window *w, const dwconv_parts *p) { return columns_of(w, p->channels, p) > 0; }

// Bytes per channel: where the sum starts, then four taps for every column, quad and row of the strip.
static size_t packed_channel(const qn_window *w, const dwconv_parts *p) {
  dwconv_plan plan = dwconv_plan_of(w);
  return 4 * (1 + (size_t)w->kernel_width * (size_t)plan.quads * (size_t)plan.rows * (size_t)words(p));
}

// The channels of the block at `channel`, those included that only fill it up.
static int block_channels(int channels, int channel, const dwconv_parts *p) {
  return channels - channel > 32 ? p->channels : 32;
}

size_t qn_u8_dwconv_strips_size(const qn_window *w, const dwconv_parts *p) {
  if (!is_cut(w, p)) return qn_u8_dwconv_packed_size__portable(w);
  size_t channels = 0;
  while (channels < (size_t)w->channels) channels += (size_t)block_channels(w->channels, (int)channels, p);
  return channels * packed_channel(w, p);
}

// Where the 32-bit lane of a channel stands among the four vectors of its block, as unpacking instructions leave it.
static int lane_of(int channel, int block) { return channel % 16 / 4 * (block / 4) + channel / 16 * 4 + channel % 4; }

static int8_t weight_at(const qn_window *w, const int8_t *weights, int ky, int kx, int channel) {
  if (ky < 0 || ky >= w->kernel_height) return 0;
  return weights[((ptrdiff_t)ky * w->kernel_width + kx) * w->channels + channel];
}

// Four taps of a channel: side by side as bytes, or as two pairs of words in vectors of their own.
static void put_quad(int8_t *to, const int8_t quad[4], int channel, int block, const dwconv_parts *p) {
  int lane = lane_of(channel, block);
  if (p->has_byte_dots) {
    memcpy(to + 4 * lane, quad, 4);
    return;
  }
  int part = lane / (block / 4), within = lane % (block / 4);
  for (int pair = 0; pair < 2; pair++) {
    int16_t two[2] = {quad[2 * pair], quad[2 * pair + 1]};
    memcpy(to + ((2 * part + pair) * (block / 4) + within) * 4, two, 4);
  }
}

static void pack_channel(const qn_window *w, const int8_t *weights, int32_t start, uint8_t zero, int8_t *to, int from,
                         int channel, int block, const dwconv_parts *p) {
  dwconv_plan plan = dwconv_plan_of(w);
  for (int tap = 0; tap < w->kernel_height * w->kernel_width; tap++) {
    start -= zero * weights[(ptrdiff_t)tap * w->channels + from];
  }
  memcpy(to + 4 * lane_of(channel, block), &start, 4);
  to += 4 * block;
  for (int at = 0; at < w->kernel_width * plan.quads * plan.rows; at++, to += 4 * block * words(p)) {
    int row = at % plan.rows, first = at / plan.rows % plan.quads * 4 - row * w->stride_y;
    int8_t quad[4];
    for (int i = 0; i < 4; i++) quad[i] = weight_at(w, weights, first + i, at / plan.rows / plan.quads, from);
    put_quad(to, quad, channel, block, p);
  }
}

void qn_u8_dwconv_strips_pack(const qn_window *w, const int8_t *weights, const int32_t *bias, uint8_t zero,
                              void *packed, const dwconv_parts *p) {
  if (!is_cut(w, p)) {
    qn_u8_dwconv_pack__portable(w, weights, bias, zero, packed);
    return;
  }
  memset(packed, 0, qn_u8_dwconv_strips_size(w, p));
  int8_t *to = packed;
  for (int c = 0, block; c < w->channels; c += block, to += (size_t)block * packed_channel(w, p)) {
    block = block_channels(w->channels, c, p);
    for (int i = 0; i < block && c + i < w->channels; i++) {
      pack_channel(w, weights, bias ? bias[c + i] : 0, zero, to, c + i, i, block, p);
    }
  }
}

// The table and the residual, over a strip that is still in the cache.
static void follow(const dwconv_strip *s, int channel_begin, int channel_end, const dwconv_parts *p) {
  const qn_requantisation *r = s->requantisation;
  size_t channels = (size_t)s->window->channels, width = (size_t)s->window->out_width;
  size_t pixel = (size_t)s->row * width, pixels = (size_t)s->rows * width;
  size_t count = (size_t)(channel_end - channel_begin);
  uint8_t *y = s->y + pixel * channels + channel_begin;
  if (r->table) qn_u8_table_for(p->isa)(pixels, count, y, channels, r->table, y, channels);
  if (!r->residual) return;
  qn_u8_add_function add = qn_u8_add_for(p->isa);
  qn_u8_addition addition = {r->own_scale, r->residual_scale, r->own_zero, r->residual_zero,
                             r->sum_zero,  r->sum_low,        r->sum_high, NULL};
  for (size_t i = 0; i < pixels; i++, y += channels) {
    add(count, y, r->residual + (pixel + i) * r->residual_stride + channel_begin, &addition, y);
  }
}

void qn_u8_dwconv_strips(const qn_window *w, const uint8_t *x, uint8_t zero, const void *packed,
                         const qn_requantisation *requantisation, uint8_t *y, int row_begin, int row_end,
                         int channel_begin, int channel_end, const dwconv_parts *p) {
  if (!is_cut(w, p)) {
    qn_u8_dwconv__portable(w, x, zero, packed, requantisation, y, row_begin, row_end, channel_begin, channel_end);
    return;
  }
  size_t per_channel = packed_channel(w, p);
  dwconv_plan plan = dwconv_plan_of(w);
  int wide_columns = columns_of(w, p->channels, p), narrow_columns = columns_of(w, 32, p);
  dwconv_strip strip = {w, x, zero, requantisation, y, plan, 0, row_begin, plan.rows, 0, 0};
  for (; strip.row < row_end; strip.row += strip.rows) {
    if (strip.rows > row_end - strip.row) strip.rows = row_end - strip.row;
    for (int c = channel_begin, block; c < channel_end; c += block) {
      block = block_channels(channel_end, c, p);
      strip.channel = c;
      strip.count = channel_end - c < block ? channel_end - c : block;
      int is_wide = block == p->channels;
      strip.columns = is_wide ? wide_columns : narrow_columns;
      (is_wide ? p->wide : p->narrow)(&strip, (const int8_t *)packed + (size_t)c * per_channel);
    }
    if (!requantisation->real) follow(&strip, channel_begin, channel_end, p);
  }
}

#define KERNEL(name, ...)                                                                                            \
  static const dwconv_parts parts__##name = {__VA_ARGS__};                                                           \
  size_t qn_u8_dwconv_packed_size__##name(const qn_window *w) { return qn_u8_dwconv_strips_size(w, &parts__##name); } \
  void qn_u8_dwconv_pack__##name(const qn_window *w, const int8_t *weights, const int32_t *bias, uint8_t zero,       \
                                 void *packed) {                                                                     \
    qn_u8_dwconv_strips_pack(w, weights, bias, zero, packed, &parts__##name);                                               \
  }                                                                                                                  \
  void qn_u8_dwconv__##name(const qn_window *w, const uint8_t *x, uint8_t zero, const void *packed,                  \
                            const qn_requantisation *requantisation, uint8_t *y, int row_begin, int row_end,         \
                            int channel_begin, int channel_end) {                                                    \
    qn_u8_dwconv_strips(w, x, zero, packed, requantisation, y, row_begin, row_end, channel_begin, channel_end,       \
                        &parts__##name);                                                                             \
  }

KERNEL(avx2, qn_avx2, qn_u8_dwconv_block__avx2, qn_u8_dwconv_block__avx2, 32, 0)
KERNEL(avx512, qn_avx512, qn_u8_dwconv_block__avx512, qn_u8_dwconv_block__avx2, 64, 0)
KERNEL(avx512vnni, qn_avx512, qn_u8_dwconv_block__avx512vnni, qn_u8_dwconv_block__avx512vnni_narrow, 64, 1)
