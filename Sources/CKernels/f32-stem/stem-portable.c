#include "../simd/portable.h"
#include "kernels.h"

enum { panel = 8 };

typedef struct {
  const qn_window *window;
  const float *x;
  ptrdiff_t x_channel, x_pixel;
} image;

// The sum of one output pixel and one column of a panel of `width` columns, without the bias.
static float window_sum(image in, const float *weights, int width, int oy, int ox) {
  const qn_window *w = in.window;
  float sum = 0;
  for (int ky = 0; ky < w->kernel_height; ky++) {
    int iy = oy * w->stride_y - w->pad_top + ky * w->dilation_y;
    for (int kx = 0; kx < w->kernel_width; kx++) {
      int ix = ox * w->stride_x - w->pad_left + kx * w->dilation_x;
      for (int c = 0; c < w->channels; c++, weights += width) {
        if (iy < 0 || iy >= w->height || ix < 0 || ix >= w->width) continue;
        sum += in.x[c * in.x_channel + ((ptrdiff_t)iy * w->width + ix) * in.x_pixel] * *weights;
      }
    }
  }
  return sum;
}

void qn_f32_stem__portable(const qn_window *w, const float *x, ptrdiff_t x_channel, ptrdiff_t x_pixel,
                           const float *packed, int outputs, qn_activation activation, float *y, int row_begin,
                           int row_end, float *scratch) {
  (void)scratch;
  image in = {w, x, x_channel, x_pixel};
  int taps = w->kernel_height * w->kernel_width * w->channels;
  for (int column = 0; column < outputs; column++) {
    int first = column / panel * panel, width = outputs - first <= panel / 2 ? panel / 2 : panel;
    const float *weights = packed + (ptrdiff_t)first * (taps + 1) + column % panel;
    for (int oy = row_begin; oy < row_end; oy++) {
      for (int ox = 0; ox < w->out_width; ox++) {
        float sum = *weights + window_sum(in, weights + width, width, oy, ox);
        y[((ptrdiff_t)oy * w->out_width + ox) * outputs + column] = qn_activate(sum, activation);
      }
    }
  }
}
