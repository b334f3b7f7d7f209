#include "strip.h"

#include <string.h>

static int smaller(int a, int b) { return a < b ? a : b; }

qn_f32_gconv_inputs qn_f32_gconv_inputs_of(int vector, int lanes, int channels, int groups, int outputs) {
  int per_group = outputs / groups, inputs = channels / groups;
  int first = vector * lanes / per_group, last = (smaller((vector + 1) * lanes, outputs) - 1) / per_group;
  return (qn_f32_gconv_inputs){first * inputs, (last + 1) * inputs};
}

static int input_rows(const qn_window *w, int rows) {
  return (rows - 1) * w->stride_y + (w->kernel_height - 1) * w->dilation_y + 1;
}

int qn_f32_gconv_strip_width(const qn_window *w) {
  return (w->out_width - 1) * w->stride_x + (w->kernel_width - 1) * w->dilation_x + 1;
}

int qn_f32_gconv_strip_rows(const qn_window *w, int inputs) {
  enum { cache = 8192, most = 16 };
  int rows = 1;
  while (rows < most && input_rows(w, rows + 1) * qn_f32_gconv_strip_width(w) * inputs <= cache) rows++;
  return rows;
}

size_t qn_f32_gconv_scratch(const qn_window *w, int lanes, int groups, int outputs) {
  size_t most = 0;
  for (int vector = 0; vector * lanes < outputs; vector++) {
    qn_f32_gconv_inputs range = qn_f32_gconv_inputs_of(vector, lanes, w->channels, groups, outputs);
    int inputs = range.end - range.begin, rows = qn_f32_gconv_strip_rows(w, inputs);
    size_t elements = (size_t)input_rows(w, rows) * (size_t)qn_f32_gconv_strip_width(w) * (size_t)inputs;
    if (elements > most) most = elements;
  }
  return most;
}

// Copies a few numbers per pixel; a call of memcpy with a size that is not known would cost more than these.
static void copy_pixels(const float *from, ptrdiff_t step, int pixels, int count, float *to) {
  for (int pixel = 0; pixel < pixels; pixel++, from += step, to += count) {
    int i = 0;
    for (; i + 8 <= count; i += 8) memcpy(to + i, from + i, 8 * sizeof *to);
    for (; i < count; i++) to[i] = from[i];
  }
}

void qn_f32_gconv_fill(const qn_window *w, const float *x, qn_f32_gconv_inputs range, int row, int rows,
                       float *strip) {
  int inputs = range.end - range.begin, width = qn_f32_gconv_strip_width(w), count = input_rows(w, rows);
  int left = smaller(w->pad_left, width), inside = smaller(width - left, w->width);
  int right = width - left - inside, top = row * w->stride_y - w->pad_top;
  for (int iy = top; iy < top + count; iy++, strip += (ptrdiff_t)width * inputs) {
    if (iy < 0 || iy >= w->height) {
      memset(strip, 0, (size_t)(width * inputs) * sizeof *strip);
      continue;
    }
    memset(strip, 0, (size_t)(left * inputs) * sizeof *strip);
    copy_pixels(x + (ptrdiff_t)iy * w->width * w->channels + range.begin, w->channels, inside, inputs,
                strip + left * inputs);
    memset(strip + (left + inside) * inputs, 0, (size_t)(right * inputs) * sizeof *strip);
  }
}
