#include "../simd/portable.h"
#include "kernels.h"

#include <stddef.h>

static float window_sum(const qn_window *w, const float *x, const float *weights, int oy, int ox, int c) {
  float sum = 0;
  for (int ky = 0; ky < w->kernel_height; ky++) {
    int iy = oy * w->stride_y - w->pad_top + ky * w->dilation_y;
    if (iy < 0 || iy >= w->height) continue;
    for (int kx = 0; kx < w->kernel_width; kx++) {
      int ix = ox * w->stride_x - w->pad_left + kx * w->dilation_x;
      if (ix < 0 || ix >= w->width) continue;
      ptrdiff_t tap = ky * w->kernel_width + kx;
      sum += x[((ptrdiff_t)iy * w->width + ix) * w->channels + c] * weights[tap * w->channels + c];
    }
  }
  return sum;
}

void qn_f32_dwconv__portable(const qn_window *w, const float *x, const float *weights, const float *bias,
                             const float *residual, qn_activation activation, float *y, int row_begin, int row_end,
                             int channel_begin, int channel_end) {
  for (int oy = row_begin; oy < row_end; oy++) {
    for (int ox = 0; ox < w->out_width; ox++) {
      for (int c = channel_begin; c < channel_end; c++) {
        ptrdiff_t at = ((ptrdiff_t)oy * w->out_width + ox) * w->channels + c;
        float sum = window_sum(w, x, weights, oy, ox, c) + (bias ? bias[c] : 0);
        y[at] = qn_activate(residual ? sum + residual[at] : sum, activation);
      }
    }
  }
}
