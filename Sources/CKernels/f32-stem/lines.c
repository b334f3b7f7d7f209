#include "lines.h"

#include <string.h>

qn_f32_stem_layout qn_f32_stem_layout_of(const qn_window *w) {
  int reach = (w->kernel_width - 1) * w->dilation_x / w->stride_x + 1;
  int phase = w->out_width + reach + qn_f32_stem_slack;
  return (qn_f32_stem_layout){phase, phase * w->stride_x};
}

static int input_rows(const qn_window *w, int rows) {
  return (rows - 1) * w->stride_y + (w->kernel_height - 1) * w->dilation_y + 1;
}

size_t qn_f32_stem_scratch(const qn_window *w) {
  return (size_t)input_rows(w, qn_f32_stem_rows) * (size_t)w->channels * (size_t)qn_f32_stem_layout_of(w).line;
}

void qn_f32_stem_offsets(const qn_window *w, int offsets[qn_f32_stem_taps]) {
  qn_f32_stem_layout layout = qn_f32_stem_layout_of(w);
  for (int ky = 0; ky < w->kernel_height; ky++) {
    for (int kx = 0; kx < w->kernel_width; kx++) {
      int column = kx * w->dilation_x, at = column % w->stride_x * layout.phase + column / w->stride_x;
      for (int c = 0; c < w->channels; c++) *offsets++ = (ky * w->dilation_y * w->channels + c) * layout.line + at;
    }
  }
}

// Copies every `step`-th element; the steps of common strides are constants, which compilers turn into vectors.
static void gather(float *restrict to, const float *restrict from, int count, ptrdiff_t step) {
  switch (step) {
    case 1: memcpy(to, from, (size_t)count * sizeof *to); break;
    case 2: for (int i = 0; i < count; i++) to[i] = from[2 * i]; break;
    case 3: for (int i = 0; i < count; i++) to[i] = from[3 * i]; break;
    case 6: for (int i = 0; i < count; i++) to[i] = from[6 * i]; break;
    default: for (int i = 0; i < count; i++) to[i] = from[i * step];
  }
}

static int smaller(int a, int b) { return a < b ? a : b; }

static void fill_line(const qn_window *w, const float *x, ptrdiff_t x_pixel, int length, float *line) {
  for (int phase = 0; phase < w->stride_x; phase++, line += length) {
    // Position p holds column p * stride + phase - pad_left.
    int shift = phase - w->pad_left;
    int first = shift >= 0 ? 0 : (-shift + w->stride_x - 1) / w->stride_x;
    int last = w->width <= shift ? 0 : (w->width - 1 - shift) / w->stride_x + 1;
    first = smaller(first, length);
    last = smaller(last, length);
    if (last < first) last = first;
    memset(line, 0, (size_t)first * sizeof *line);
    gather(line + first, x + (first * w->stride_x + shift) * x_pixel, last - first, w->stride_x * x_pixel);
    memset(line + last, 0, (size_t)(length - last) * sizeof *line);
  }
}

void qn_f32_stem_fill(const qn_window *w, const float *x, ptrdiff_t x_channel, ptrdiff_t x_pixel, int row, int rows,
                      float *lines) {
  qn_f32_stem_layout layout = qn_f32_stem_layout_of(w);
  int top = row * w->stride_y - w->pad_top, count = input_rows(w, rows);
  for (int iy = top; iy < top + count; iy++) {
    for (int c = 0; c < w->channels; c++, lines += layout.line) {
      if (iy < 0 || iy >= w->height) {
        memset(lines, 0, (size_t)layout.line * sizeof *lines);
      } else {
        fill_line(w, x + c * x_channel + (ptrdiff_t)iy * w->width * x_pixel, x_pixel, layout.phase, lines);
      }
    }
  }
}
