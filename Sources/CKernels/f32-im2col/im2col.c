#include "CKernels.h"

#include "../simd/taps.h"

#include <string.h>

// Where one row of taps of a window lies.
typedef struct {
  // The pixel of tap 0 in the image; only the taps inside may be read.
  ptrdiff_t first;
  taps inside;
} tap_row;

// The top left corner of a window.
typedef struct {
  int y, x;
  taps columns;
} corner;

static corner corner_of(const qn_window *w, int pixel) {
  corner c = {pixel / w->out_width * w->stride_y - w->pad_top, pixel % w->out_width * w->stride_x - w->pad_left, {0, 0}};
  c.columns = taps_inside(c.x, w->width, w->kernel_width, w->dilation_x);
  if (c.columns.begin > c.columns.end) c.columns.begin = c.columns.end = 0;
  return c;
}

static tap_row tap_row_of(const qn_window *w, corner c, int ky) {
  int y = c.y + ky * w->dilation_y;
  tap_row row = {((ptrdiff_t)y * w->width + c.x) * w->channels, {0, 0}};
  if (y >= 0 && y < w->height) row.inside = c.columns;
  return row;
}

// A call of memcpy for a few numbers costs more than the numbers.
static void copy(float *to, const float *from, size_t count) {
  if (count > 64) {
    memcpy(to, from, count * sizeof *to);
    return;
  }
  for (; count >= 4; count -= 4, to += 4, from += 4) memcpy(to, from, 4 * sizeof *to);
  for (; count > 0; count--) *to++ = *from++;
}

static void clear(float *to, size_t count) {
  if (count > 0) memset(to, 0, count * sizeof *to);
}

void qn_f32_im2col(const qn_window *w, const float *x, int channel_begin, int channel_count, int pixel_begin,
                   int pixel_end, float *rows) {
  ptrdiff_t step = (ptrdiff_t)w->dilation_x * w->channels;
  // Neighbouring taps are one run of memory.
  int runs = w->dilation_x == 1 && channel_count == w->channels;
  size_t count = (size_t)channel_count;
  for (int pixel = pixel_begin; pixel < pixel_end; pixel++) {
    corner c = corner_of(w, pixel);
    for (int ky = 0; ky < w->kernel_height; ky++, rows += w->kernel_width * count) {
      tap_row row = tap_row_of(w, c, ky);
      taps t = row.inside;
      const float *from = x + row.first + channel_begin;
      clear(rows, t.begin * count);
      if (runs) {
        copy(rows + t.begin * count, from + t.begin * step, (t.end - t.begin) * count);
      } else {
        for (int kx = t.begin; kx < t.end; kx++) copy(rows + kx * count, from + kx * step, count);
      }
      clear(rows + t.end * count, (w->kernel_width - t.end) * count);
    }
  }
}

void qn_f32_col2im_add(const qn_window *w, const float *rows, int channel_begin, int channel_count, int pixel_begin,
                       int pixel_end, float *x) {
  ptrdiff_t step = (ptrdiff_t)w->dilation_x * w->channels;
  for (int pixel = pixel_begin; pixel < pixel_end; pixel++) {
    corner at = corner_of(w, pixel);
    for (int ky = 0; ky < w->kernel_height; ky++, rows += w->kernel_width * channel_count) {
      tap_row row = tap_row_of(w, at, ky);
      for (int kx = row.inside.begin; kx < row.inside.end; kx++) {
        float *to = x + row.first + channel_begin + kx * step;
        for (int c = 0; c < channel_count; c++) to[c] += rows[kx * channel_count + c];
      }
    }
  }
}
