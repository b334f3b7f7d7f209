#include "../simd/portable.h"
#include "kernels.h"

enum { lanes = 4 };

// The sum of one output pixel and one lane of a vector, without the bias.
static float window_sum(const qn_window *w, const float *x, qn_f32_gconv_inputs inputs, const float *weights, int oy,
                        int ox) {
  float sum = 0;
  for (int ky = 0; ky < w->kernel_height; ky++) {
    int iy = oy * w->stride_y - w->pad_top + ky * w->dilation_y;
    for (int kx = 0; kx < w->kernel_width; kx++) {
      int ix = ox * w->stride_x - w->pad_left + kx * w->dilation_x;
      for (int c = inputs.begin; c < inputs.end; c++, weights += lanes) {
        if (iy < 0 || iy >= w->height || ix < 0 || ix >= w->width) continue;
        sum += x[((ptrdiff_t)iy * w->width + ix) * w->channels + c] * *weights;
      }
    }
  }
  return sum;
}

void qn_f32_gconv__portable(const qn_window *w, int groups, int outputs, const float *x, const float *packed,
                            const float *residual, qn_activation activation, float *y, int row_begin, int row_end,
                            int channel_begin, int channel_end, float *scratch) {
  (void)scratch;
  int taps = w->kernel_height * w->kernel_width;
  for (int vector = 0; vector * lanes < channel_end; vector++) {
    qn_f32_gconv_inputs inputs = qn_f32_gconv_inputs_of(vector, lanes, w->channels, groups, outputs);
    for (int c = vector * lanes; c < (vector + 1) * lanes && c < channel_end; c++) {
      if (c < channel_begin) continue;
      const float *bias = packed + c % lanes;
      for (int oy = row_begin; oy < row_end; oy++) {
        for (int ox = 0; ox < w->out_width; ox++) {
          ptrdiff_t at = ((ptrdiff_t)oy * w->out_width + ox) * outputs + c;
          float sum = *bias + window_sum(w, x, inputs, bias + lanes, oy, ox);
          y[at] = qn_activate(residual ? sum + residual[at] : sum, activation);
        }
      }
    }
    packed += (ptrdiff_t)(1 + taps * (inputs.end - inputs.begin)) * lanes;
  }
}
