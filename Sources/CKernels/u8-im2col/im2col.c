#include "quoin-u8-im2col.h"

#include "../cpu/levels.h"
#include "../simd/taps.h"

#include <string.h>

// What neighbouring pixels of one output row have in common.
typedef struct {
  const qn_window *window;
  // The image and where it ends, both from the first channel that is taken on; and the end of what may be written.
  const uint8_t *x, *x_end;
  uint8_t *rows_end;
  size_t row_stride, count;
  uint8_t zero;
  // The topmost input row, which may lie above the image.
  int top;
} unrolling;

// Copies pieces of 16 bytes, also beyond the `count` that matter.
static void copy_over(uint8_t *to, const uint8_t *from, size_t count) {
  for (size_t i = 0; i < count; i += 16) memcpy(to + i, from + i, 16);
}

static size_t rounded_up(size_t count) { return (count + 15) & ~(size_t)15; }

// A run of bytes. Calling memcpy for a few costs more than they do: where there is room, they are copied with what follows,
// which later runs overwrite.
static void copy(const unrolling *u, uint8_t *to, const uint8_t *from, size_t count) {
  size_t whole = rounded_up(count);
  if (count > 128 || whole > (size_t)(u->rows_end - to) || whole > (size_t)(u->x_end - from)) {
    memcpy(to, from, count);
  } else {
    copy_over(to, from, count);
  }
}

static int is_inside(int position, int size) { return position >= 0 && position < size; }

// The row of one pixel, tap by tap, or in runs of neighbouring taps where `is_run`.
static void unroll_pixel(const unrolling *u, int column, int is_run, uint8_t *to) {
  const qn_window *w = u->window;
  int left = column * w->stride_x - w->pad_left;
  taps inside = taps_inside(left, w->width, w->kernel_width, w->dilation_x);
  if (inside.begin > inside.end) inside.begin = inside.end = 0;
  for (int ky = 0; ky < w->kernel_height; ky++, to += (size_t)w->kernel_width * u->count) {
    int y = u->top + ky * w->dilation_y;
    taps t = is_inside(y, w->height) ? inside : (taps){0, 0};
    if (t.end - t.begin < w->kernel_width) memset(to, u->zero, (size_t)w->kernel_width * u->count);
    if (t.begin == t.end) continue;
    const uint8_t *from = u->x + ((ptrdiff_t)y * w->width + left) * w->channels;
    if (is_run) {
      size_t first = (size_t)t.begin * u->count, count = (size_t)(t.end - t.begin) * u->count;
      memcpy(to + first, from + first, count);
      continue;
    }
    for (int kx = t.begin; kx < t.end; kx++) {
      memcpy(to + (size_t)kx * u->count, from + (ptrdiff_t)kx * w->dilation_x * w->channels, u->count);
    }
  }
}

// Pixels whose columns lie in the image and whose taps are runs.
static void unroll_runs(const unrolling *u, int column, int end, uint8_t *to) {
  const qn_window *w = u->window;
  size_t run = (size_t)w->kernel_width * u->count;
  ptrdiff_t line = (ptrdiff_t)w->width * w->channels;
  for (; column < end; column++, to += u->row_stride) {
    const uint8_t *from = u->x + (ptrdiff_t)(column * w->stride_x - w->pad_left) * w->channels;
    uint8_t *at = to;
    for (int ky = 0, y = u->top; ky < w->kernel_height; ky++, y += w->dilation_y, at += run) {
      if (is_inside(y, w->height)) {
        copy(u, at, from + y * line, run);
      } else {
        memset(at, u->zero, run);
      }
    }
  }
}

// The same where all rows lie in the image too: `width` bytes of every run are copied, in pieces of `piece` bytes, also
// those beyond the run, which later runs overwrite. `piece` is a constant at every call. Returns the first column that
// there is no room for.
__attribute__((always_inline)) static inline int unroll_pieces(const unrolling *u, int column, int end, uint8_t *to,
                                                               size_t width, size_t piece) {
  const qn_window *w = u->window;
  size_t run = (size_t)w->kernel_width * u->count, stride = u->row_stride;
  ptrdiff_t line = (ptrdiff_t)w->width * w->channels, down = line * w->dilation_y;
  ptrdiff_t step = (ptrdiff_t)w->stride_x * w->channels;
  const uint8_t *from = u->x + u->top * line + (ptrdiff_t)(column * w->stride_x - w->pad_left) * w->channels;
  ptrdiff_t last_from = u->x_end - from - down * (w->kernel_height - 1) - (ptrdiff_t)width;
  ptrdiff_t last_to = u->rows_end - to - (ptrdiff_t)(run * (size_t)(w->kernel_height - 1) + width);
  for (; column < end && last_from >= 0 && last_to >= 0; column++, to += stride, from += step) {
    const uint8_t *line_from = from;
    uint8_t *at = to;
    for (int ky = 0; ky < w->kernel_height; ky++, line_from += down, at += run) {
      for (size_t i = 0; i < width; i += piece) memcpy(at + i, line_from + i, piece);
    }
    last_from -= step;
    last_to -= (ptrdiff_t)stride;
  }
  return column;
}

static size_t rounded_to(size_t count, size_t piece) { return (count + piece - 1) / piece * piece; }

__attribute__((target("avx2"))) static int unroll_pieces_of_32(const unrolling *u, int column, int end, uint8_t *to,
                                                                size_t run) {
  if (run <= 32) return unroll_pieces(u, column, end, to, 32, 32);
  return unroll_pieces(u, column, end, to, rounded_to(run, 32), 32);
}

static int unroll_pieces_of_16(const unrolling *u, int column, int end, uint8_t *to, size_t run) {
  return unroll_pieces(u, column, end, to, rounded_to(run, 16), 16);
}

// Runs in rows that all lie in the image.
static void unroll_inside(const unrolling *u, int column, int end, uint8_t *to) {
  size_t run = (size_t)u->window->kernel_width * u->count;
  int next;
  if (run <= 16) {
    next = unroll_pieces(u, column, end, to, 16, 16);
  } else if (qn_runs_avx2()) {
    next = unroll_pieces_of_32(u, column, end, to, run);
  } else {
    next = unroll_pieces_of_16(u, column, end, to, run);
  }
  unroll_runs(u, next, end, to + (size_t)(next - column) * u->row_stride);
}

// Output columns `column ..< end` of one row.
static void unroll_row(const unrolling *u, int column, int end, uint8_t *to) {
  const qn_window *w = u->window;
  int is_run = w->dilation_x == 1 && u->count == (size_t)w->channels;
  // Output columns from `first` and before `last` on read the image alone.
  int first = (w->pad_left + w->stride_x - 1) / w->stride_x;
  int reach = w->width - 1 + w->pad_left - (w->kernel_width - 1) * w->dilation_x;
  int last = reach < 0 ? 0 : reach / w->stride_x + 1;
  if (last > end) last = end;
  for (; column < end && (!is_run || column < first || column >= last); column++, to += u->row_stride) {
    unroll_pixel(u, column, is_run, to);
  }
  if (column >= end) return;
  int rows_inside = u->top >= 0 && u->top + (w->kernel_height - 1) * w->dilation_y < w->height;
  (rows_inside ? unroll_inside : unroll_runs)(u, column, last, to);
  to += (size_t)(last - column) * u->row_stride;
  for (; last < end; last++, to += u->row_stride) unroll_pixel(u, last, is_run, to);
}

void qn_u8_im2col(const qn_window *w, const uint8_t *x, uint8_t zero, int channel_begin, int channel_count,
                  int pixel_begin, int pixel_end, uint8_t *rows, size_t row_stride) {
  if (pixel_begin >= pixel_end) return;
  size_t columns = (size_t)w->kernel_height * (size_t)w->kernel_width * (size_t)channel_count;
  unrolling u = {w, x + channel_begin, x + (ptrdiff_t)w->height * w->width * w->channels,
                 rows + (size_t)(pixel_end - pixel_begin - 1) * row_stride + columns,
                 row_stride, (size_t)channel_count, zero, 0};
  int oy = pixel_begin / w->out_width, column = pixel_begin % w->out_width;
  for (int pixel = pixel_begin; pixel < pixel_end; oy++, column = 0) {
    int left = pixel_end - pixel, count = w->out_width - column < left ? w->out_width - column : left;
    u.top = oy * w->stride_y - w->pad_top;
    unroll_row(&u, column, column + count, rows);
    pixel += count;
    rows += (size_t)count * row_stride;
  }
}
