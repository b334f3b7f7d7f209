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

static corner corner_of(const qn_window *w, int out_y, int out_x) {
  corner c = {out_y * w->stride_y - w->pad_top, out_x * w->stride_x - w->pad_left, {0, 0}};
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

// A call of memcpy for a few numbers costs more than the numbers. The last four may be copied twice.
static inline void copy(float *to, const float *from, size_t count) {
  if (count > 64) {
    memcpy(to, from, count * sizeof *to);
  } else if (count < 4) {
    for (size_t i = 0; i < count; i++) to[i] = from[i];
  } else {
    for (size_t i = 0; i + 4 < count; i += 4) memcpy(to + i, from + i, 4 * sizeof *to);
    memcpy(to + count - 4, from + count - 4, 4 * sizeof *to);
  }
}

static void clear(float *to, size_t count) {
  if (count > 0) memset(to, 0, count * sizeof *to);
}

// Windows of neighbouring pixels that all lie inside the image, and whose rows of taps are runs of memory.
static float *copy_whole(const qn_window *w, const float *x, int pixels, float *to) {
  size_t row = (size_t)w->width * w->channels, run = (size_t)w->kernel_width * w->channels;
  size_t step = (size_t)w->stride_x * w->channels;
  for (int pixel = 0; pixel < pixels; pixel++, x += step) {
    const float *from = x;
    for (int ky = 0; ky < w->kernel_height; ky++, from += row, to += run) copy(to, from, run);
  }
  return to;
}

// How many pixels of an output row, from this one on, have windows that copy_whole can copy.
static int whole_pixels(const qn_window *w, corner c, int pixels) {
  int rows_inside = c.y >= 0 && c.y + w->kernel_height <= w->height, room = w->width - w->kernel_width - c.x;
  if (w->dilation_x != 1 || w->dilation_y != 1 || !rows_inside || c.x < 0 || room < 0) return 0;
  int count = room / w->stride_x + 1;
  return count < pixels ? count : pixels;
}

// Any window.
static float *copy_taps(const qn_window *w, corner c, const float *x, size_t count, float *to) {
  ptrdiff_t step = (ptrdiff_t)w->dilation_x * w->channels;
  for (int ky = 0; ky < w->kernel_height; ky++, to += w->kernel_width * count) {
    tap_row row = tap_row_of(w, c, ky);
    taps t = row.inside;
    const float *from = x + row.first;
    clear(to, t.begin * count);
    for (int kx = t.begin; kx < t.end; kx++) copy(to + kx * count, from + kx * step, count);
    clear(to + t.end * count, (w->kernel_width - t.end) * count);
  }
  return to;
}

void qn_f32_im2col(const qn_window *w, const float *x, int channel_begin, int channel_count, int pixel_begin,
                   int pixel_end, float *rows) {
  int out_y = pixel_begin / w->out_width, out_x = pixel_begin % w->out_width;
  for (int pixel = pixel_begin; pixel < pixel_end;) {
    corner c = corner_of(w, out_y, out_x);
    int left = w->out_width - out_x < pixel_end - pixel ? w->out_width - out_x : pixel_end - pixel;
    int whole = channel_count == w->channels ? whole_pixels(w, c, left) : 0;
    if (whole > 0) {
      rows = copy_whole(w, x + ((size_t)c.y * w->width + c.x) * w->channels, whole, rows);
    } else {
      rows = copy_taps(w, c, x + channel_begin, (size_t)channel_count, rows);
    }
    int done = whole > 0 ? whole : 1;
    pixel += done;
    out_x += done;
    if (out_x == w->out_width) out_x = 0, out_y++;
  }
}

void qn_f32_col2im_add(const qn_window *w, const float *rows, int channel_begin, int channel_count, int pixel_begin,
                       int pixel_end, float *x) {
  ptrdiff_t step = (ptrdiff_t)w->dilation_x * w->channels;
  for (int pixel = pixel_begin; pixel < pixel_end; pixel++) {
    corner at = corner_of(w, pixel / w->out_width, pixel % w->out_width);
    for (int ky = 0; ky < w->kernel_height; ky++, rows += w->kernel_width * channel_count) {
      tap_row row = tap_row_of(w, at, ky);
      for (int kx = row.inside.begin; kx < row.inside.end; kx++) {
        float *to = x + row.first + channel_begin + kx * step;
        for (int c = 0; c < channel_count; c++) to[c] += rows[kx * channel_count + c];
      }
    }
  }
}
