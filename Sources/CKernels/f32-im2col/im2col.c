#include "CKernels.h"

#include "../simd/taps.h"

#include <string.h>

// Where one row of taps of a window lies.
typedef struct {
  // The pixel of tap 0 in the image; only the taps inside may be read.
  ptrdiff_t first;
  taps inside;
} tap_row;

static tap_row tap_row_of(const qn_window *w, int pixel, int ky) {
  int y = pixel / w->out_width * w->stride_y - w->pad_top + ky * w->dilation_y;
  int x = pixel % w->out_width * w->stride_x - w->pad_left;
  tap_row row = {((ptrdiff_t)y * w->width + x) * w->channels, {0, 0}};
  if (y < 0 || y >= w->height) return row;
  row.inside = taps_inside(x, w->width, w->kernel_width, w->dilation_x);
  if (row.inside.begin > row.inside.end) row.inside.end = row.inside.begin = 0;
  return row;
}

// Calls of memcpy for a few bytes cost more than the bytes.
static void copy(float *to, const float *from, size_t count) {
  if (count > 32) {
    memcpy(to, from, count * sizeof *to);
  } else {
    for (size_t i = 0; i < count; i++) to[i] = from[i];
  }
}

void qn_f32_im2col(const qn_window *w, const float *x, int channel_begin, int channel_count, int pixel_begin,
                   int pixel_end, float *rows) {
  ptrdiff_t step = (ptrdiff_t)w->dilation_x * w->channels;
  // Neighbouring taps are one run of memory.
  int runs = w->dilation_x == 1 && channel_count == w->channels;
  size_t count = (size_t)channel_count;
  for (int pixel = pixel_begin; pixel < pixel_end; pixel++) {
    for (int ky = 0; ky < w->kernel_height; ky++, rows += w->kernel_width * count) {
      tap_row row = tap_row_of(w, pixel, ky);
      taps t = row.inside;
      const float *from = x + row.first + channel_begin;
      memset(rows, 0, t.begin * count * sizeof *rows);
      if (runs) {
        copy(rows + t.begin * count, from + t.begin * step, (t.end - t.begin) * count);
      } else {
        for (int kx = t.begin; kx < t.end; kx++) copy(rows + kx * count, from + kx * step, count);
      }
      memset(rows + t.end * count, 0, (w->kernel_width - t.end) * count * sizeof *rows);
    }
  }
}

void qn_f32_col2im_add(const qn_window *w, const float *rows, int channel_begin, int channel_count, int pixel_begin,
                       int pixel_end, float *x) {
  ptrdiff_t step = (ptrdiff_t)w->dilation_x * w->channels;
  for (int pixel = pixel_begin; pixel < pixel_end; pixel++) {
    for (int ky = 0; ky < w->kernel_height; ky++, rows += w->kernel_width * channel_count) {
      tap_row row = tap_row_of(w, pixel, ky);
      for (int kx = row.inside.begin; kx < row.inside.end; kx++) {
        float *to = x + row.first + channel_begin + kx * step;
        for (int c = 0; c < channel_count; c++) to[c] += rows[kx * channel_count + c];
      }
    }
  }
}
