// Up to 32 channels: two or four neighbouring pixels share a vector, so that the large images of a network's first layers
// fill it. Otherwise as in dwconv.h.

#include "kernels.h"

#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma,avx512vnni"))), apply_to = function)
#include "../simd/avx512.h"
#include "../simd/bytes-avx512.h"
#include "../simd/grid.h"

#define INLINE __attribute__((always_inline)) static inline

// Groups of pixels that are summed at once in two rows; in one row, twice as many.
enum { tile_groups = 2 };

// A strip, with the constants that all pixels of a vector share.
typedef struct {
  const dwconv_strip *strip;
  const int8_t *weights;
  ints start[4];
  vec scale[4];
  v_grid grid;
} narrow_state;

// Interleaved columns: for every quad and every part of its channels, `share` bytes per column and pixel of a vector.
// Columns of one remainder modulo the stride stand together, so that neighbouring windows read neighbouring columns.
typedef struct {
  uint8_t *quads;
  // Columns of one remainder, and bytes of a part of a quad.
  int columns;
  ptrdiff_t part;
} narrow_scratch;

// Bytes of a pixel in a vector: half or a quarter of it.
INLINE int share_of(int pixels) { return b_width / pixels; }

// The same 16 or 32 bytes for all pixels.
INLINE ints repeated(const void *p, int pixels) {
  return pixels == 2 ? _mm512_broadcast_i64x4(_mm256_loadu_si256(p)) : _mm512_broadcast_i32x4(_mm_loadu_si128(p));
}

INLINE __mmask64 mask_of(int pixel, int count, int pixels) { return b_first(count) << (pixel * share_of(pixels)); }

// Pixels `column`, `column + step` … of a row, those outside the image being zero points. `inside` says that none is.
INLINE bytes gather(const dwconv_strip *s, const uint8_t *row, int column, int step, bytes zero, int pixels, int inside) {
  ptrdiff_t channels = s->window->channels;
  if (inside && step == 1 && channels == share_of(pixels)) return b_load(row + column * channels);
  bytes x = zero;
#pragma clang loop unroll(full)
  for (int i = 0; i < pixels; i++, column += step) {
    if (!inside && (column < 0 || column >= s->window->width)) continue;
    x = _mm512_mask_loadu_epi8(x, mask_of(i, s->count, pixels), row + column * channels - i * share_of(pixels));
  }
  return x;
}

INLINE void store_parts(const bytes rows[4], uint8_t *to, ptrdiff_t part) {
  bytes first_low = b_zip_low8(rows[0], rows[1]), first_high = b_zip_high8(rows[0], rows[1]);
  bytes second_low = b_zip_low8(rows[2], rows[3]), second_high = b_zip_high8(rows[2], rows[3]);
  b_store(to, b_zip_low16(first_low, second_low));
  b_store(to + part, b_zip_high16(first_low, second_low));
  b_store(to + 2 * part, b_zip_low16(first_high, second_high));
  b_store(to + 3 * part, b_zip_high16(first_high, second_high));
}

// One quad of rows, NULL on the padding, from input column `first` on.
INLINE void interleave(const dwconv_strip *s, const uint8_t *const rows[4], int first, const narrow_scratch *scratch,
                       uint8_t *to, int pixels) {
  int step = s->window->stride_x;
  bytes zero = b_set(s->zero);
  for (int remainder = 0; remainder < step; remainder++) {
    for (int i = 0; i < scratch->columns; i += pixels, to += b_width) {
      int column = first + remainder + i * step;
      int inside = column >= 0 && column + (pixels - 1) * step < s->window->width;
      bytes taken[4];
#pragma clang loop unroll(full)
      for (int row = 0; row < 4; row++) {
        taken[row] = !rows[row] ? zero : inside ? gather(s, rows[row], column, step, zero, pixels, 1)
                                                : gather(s, rows[row], column, step, zero, pixels, 0);
      }
      store_parts(taken, to, scratch->part);
    }
  }
}

INLINE void interleave_strip(const dwconv_strip *s, int first, const narrow_scratch *scratch, int pixels) {
  const qn_window *w = s->window;
  int top = s->row * w->stride_y - w->pad_top, needed = (s->rows - 1) * w->stride_y + w->kernel_height;
  for (int quad = 0; quad < s->plan.quads; quad++) {
    const uint8_t *rows[4];
    for (int i = 0; i < 4; i++) {
      int slot = 4 * quad + i, y = top + slot * w->dilation_y, inside = slot < needed && y >= 0 && y < w->height;
      rows[i] = inside ? s->x + (ptrdiff_t)y * w->width * w->channels + s->channel : NULL;
    }
    interleave(s, rows, first, scratch, scratch->quads + 4 * quad * scratch->part, pixels);
  }
}

// What of a tile is known when the code is compiled: its extent in rows and groups of pixels, the pixels of a group, and
// the window's width and quads or 0.
typedef struct {
  int rows, groups, pixels, width, quads;
} narrow_shape;

// Bytes of a packed quad: the blocks of 32 channels of narrow vectors.
enum { packed_quad = 128, packed_part = 32 };

// Sums over the windows of groups of pixels, the first of which begins with column `column` of the scratch memory.
INLINE void sum_up(const narrow_state *n, const narrow_scratch *scratch, int row, int column, narrow_shape t,
                   ints sums[2][2 * tile_groups][4]) {
  const dwconv_strip *s = n->strip;
  const qn_window *w = s->window;
  int width = t.width ? t.width : w->kernel_width, quads = t.quads ? t.quads : s->plan.quads;
  const int8_t *weights = n->weights + row * packed_quad;
#pragma clang loop unroll(full)
  for (int i = 0; i < t.rows * t.groups * 4; i++) sums[i / 4 / t.groups][i / 4 % t.groups][i % 4] = n->start[i % 4];
#pragma clang loop unroll(disable)
  for (int kx = 0, tap = 0, remainder = 0; kx < width; kx++) {
    const uint8_t *x = scratch->quads + (ptrdiff_t)(remainder * scratch->columns + tap + column) * share_of(t.pixels);
    for (int quad = 0; quad < quads; quad++, x += 4 * scratch->part, weights += s->plan.rows * packed_quad) {
#pragma clang loop unroll(full)
      for (int part = 0; part < 4; part++) {
        ints factors[2];
#pragma clang loop unroll(full)
        for (int r = 0; r < t.rows; r++) {
          factors[r] = repeated(weights + r * packed_quad + part * packed_part, t.pixels);
        }
#pragma clang loop unroll(full)
        for (int i = 0; i < t.groups; i++) {
          bytes taps = b_load(x + part * scratch->part + i * b_width);
#pragma clang loop unroll(full)
          for (int r = 0; r < t.rows; r++) {
            sums[r][i][part] = _mm512_dpbusd_epi32(sums[r][i][part], taps, factors[r]);
          }
        }
      }
    }
    for (remainder += w->dilation_x; remainder >= w->stride_x; remainder -= w->stride_x) tap++;
  }
}

// Stores the first `count` pixels of a vector.
INLINE void store_pixels(const dwconv_strip *s, bytes x, uint8_t *to, int count, int pixels) {
  ptrdiff_t channels = s->window->channels;
  if (count >= pixels && channels == share_of(pixels)) {
    b_store(to, x);
    return;
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < pixels; i++) {
    if (i >= count) return;
    _mm512_mask_storeu_epi8(to + i * (channels - share_of(pixels)), mask_of(i, s->count, pixels), x);
  }
}

INLINE void tile(const narrow_state *n, const narrow_scratch *scratch, int row, int first, int column, int count,
                 narrow_shape t) {
  const dwconv_strip *s = n->strip;
  ptrdiff_t channels = s->window->channels, line = s->window->out_width;
  uint8_t *y = s->y + ((s->row + row) * line + first + column) * channels + s->channel;
  ints sums[2][2 * tile_groups][4];
  sum_up(n, scratch, row, column, t, sums);
#pragma clang loop unroll(full)
  for (int r = 0; r < t.rows; r++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < t.groups; i++) {
      vec scaled[4];
#pragma clang loop unroll(full)
      for (int part = 0; part < 4; part++) scaled[part] = v_mul(i_numbers(sums[r][i][part]), n->scale[part]);
      bytes result = v_bytes_of_small(scaled, n->grid);
      store_pixels(s, result, y + (r * line + i * t.pixels) * channels, count - i * t.pixels, t.pixels);
    }
  }
}

// `count` output columns from `first` on, of one or two rows of the strip.
INLINE void tiles(const narrow_state *n, const narrow_scratch *scratch, int row, int first, int count, narrow_shape t) {
  int column = 0, whole = t.groups * t.pixels;
  for (; column + whole <= count; column += whole) tile(n, scratch, row, first, column, whole, t);
  t.groups = 1;
  for (; column < count; column += t.pixels) tile(n, scratch, row, first, column, count - column, t);
}

INLINE void strip_rows(const narrow_state *n, const narrow_scratch *scratch, int first, int count, int pixels,
                       int width, int quads) {
  int row = 0, rows = n->strip->rows;
  for (; row + 2 <= rows; row += 2) {
    tiles(n, scratch, row, first, count, (narrow_shape){2, tile_groups, pixels, width, quads});
  }
  if (row < rows) tiles(n, scratch, row, first, count, (narrow_shape){1, 2 * tile_groups, pixels, width, quads});
}

// Kept apart for each kind of window, since all hold unrolled loops.
#define ROWS(name, width, quads)                                                                                  \
  __attribute__((noinline)) static void name(const narrow_state *n, const narrow_scratch *scratch, int first,     \
                                             int count, int pixels) {                                             \
    if (pixels == 2) {                                                                                            \
      strip_rows(n, scratch, first, count, 2, width, quads);                                                      \
    } else {                                                                                                      \
      strip_rows(n, scratch, first, count, 4, width, quads);                                                      \
    }                                                                                                             \
  }
ROWS(small_rows, 3, 1)
ROWS(middle_rows, 5, 2)
ROWS(any_rows, 0, 0)

static void run_rows(const narrow_state *n, const narrow_scratch *scratch, int first, int count, int pixels) {
  int width = n->strip->window->kernel_width, quads = n->strip->plan.quads;
  if (width == 3 && quads == 1) {
    small_rows(n, scratch, first, count, pixels);
  } else if (width == 5 && quads == 2) {
    middle_rows(n, scratch, first, count, pixels);
  } else {
    any_rows(n, scratch, first, count, pixels);
  }
}

// Sets up what all pixels share. Returns whether all scales are below 1.
static int prepare(narrow_state *n, const int8_t *packed, int pixels) {
  const dwconv_strip *s = n->strip;
  const qn_requantisation *r = s->requantisation;
  float scale[4][8] = {{0}}, largest = 0;
  for (int c = 0; c < s->count; c++) {
    float one = r->scale[s->channel + c];
    scale[c % 16 / 4][c / 16 * 4 + c % 4] = one;
    largest = one > largest ? one : largest;
  }
  for (int part = 0; part < 4; part++) {
    n->start[part] = repeated(packed + part * packed_part, pixels);
    n->scale[part] = _mm512_castsi512_ps(repeated(scale[part], pixels));
  }
  n->weights = packed + 4 * packed_part;
  n->grid = v_grid_of(r->zero, r->low, r->high);
  return largest < 1;
}

// The scratch memory for `count` output columns.
static narrow_scratch scratch_of(const dwconv_strip *s, uint8_t *memory, int count, int pixels) {
  int columns = (dwconv_span(s->window, count) + s->window->stride_x - 1) / s->window->stride_x;
  narrow_scratch scratch = {.quads = memory, .columns = (columns + pixels - 1) / pixels * pixels};
  // The last vector of a part may reach beyond it.
  scratch.part = (ptrdiff_t)(s->window->stride_x * scratch.columns + pixels) * share_of(pixels);
  return scratch;
}

void qn_u8_dwconv_block__avx512vnni_narrow(const dwconv_strip *strip, const int8_t *packed) {
  _Alignas(64) uint8_t memory[scratch_bytes];
  const qn_window *w = strip->window;
  int pixels = strip->count > 16 ? 2 : 4;
  narrow_state n = {.strip = strip};
  int fits = 4 * strip->plan.quads * scratch_of(strip, memory, strip->columns, pixels).part <= scratch_bytes;
  // Two pixels that are not neighbours cost more to bring together than the width of the vectors gains.
  int pays = pixels == 4 || w->stride_x == 1;
  if (!fits || !pays || !prepare(&n, packed, pixels) || strip->requantisation->real) {
    qn_u8_dwconv_block__avx256vnni(strip, packed);
    return;
  }
  for (int column = 0; column < w->out_width; column += strip->columns) {
    int left = w->out_width - column, count = left < strip->columns ? left : strip->columns;
    narrow_scratch scratch = scratch_of(strip, memory, count, pixels);
    int first = column * w->stride_x - w->pad_left;
    if (pixels == 2) {
      interleave_strip(strip, first, &scratch, 2);
    } else {
      interleave_strip(strip, first, &scratch, 4);
    }
    run_rows(&n, &scratch, column, count, pixels);
  }
}
#pragma clang attribute pop
