#include "kernels.h"

#include <math.h>
#include <stddef.h>

static float pooled(const qn_window *w, int maximum, const float *x, int oy, int ox, int c) {
  float largest = -INFINITY, sum = 0;
  int count = 0;
  for (int ky = 0; ky < w->kernel_height; ky++) {
    int iy = oy * w->stride_y - w->pad_top + ky * w->dilation_y;
    if (iy < 0 || iy >= w->height) continue;
    for (int kx = 0; kx < w->kernel_width; kx++) {
      int ix = ox * w->stride_x - w->pad_left + kx * w->dilation_x;
      if (ix < 0 || ix >= w->width) continue;
      float value = x[((ptrdiff_t)iy * w->width + ix) * w->channels + c];
      largest = value > largest ? value : largest;
      sum += value;
      count++;
    }
  }
  return maximum ? largest : sum / (float)count;
}

void qn_f32_pool__portable(const qn_window *w, int maximum, const float *x, float *y, int row_begin, int row_end,
                           int channel_begin, int channel_end) {
  for (int oy = row_begin; oy < row_end; oy++) {
    for (int ox = 0; ox < w->out_width; ox++) {
      for (int c = channel_begin; c < channel_end; c++) {
        y[((ptrdiff_t)oy * w->out_width + ox) * w->channels + c] = pooled(w, maximum, x, oy, ox, c);
      }
    }
  }
}
