#include "../simd/bytes.h"
#include "kernels.h"

#include <string.h>

// Packed: per channel, the bias less the zero point times the sum of the weights; then the weights, tap-major.

size_t qn_u8_dwconv_packed_size__portable(const qn_window *w) {
  return (size_t)w->channels * (sizeof(int32_t) + (size_t)w->kernel_height * (size_t)w->kernel_width);
}

void qn_u8_dwconv_pack__portable(const qn_window *w, const int8_t *weights, const int32_t *bias, uint8_t zero,
                                 void *packed) {
  size_t channels = (size_t)w->channels, taps = (size_t)w->kernel_height * (size_t)w->kernel_width;
  int32_t *start = packed;
  for (size_t c = 0; c < channels; c++) {
    start[c] = bias ? bias[c] : 0;
    for (size_t tap = 0; tap < taps; tap++) start[c] -= zero * weights[tap * channels + c];
  }
  memcpy(start + channels, weights, taps * channels);
}

static int32_t window_sum(const qn_window *w, const uint8_t *x, uint8_t zero, const void *packed, int oy, int ox,
                          int c) {
  const int32_t *start = packed;
  const int8_t *weight = (const int8_t *)(start + w->channels) + c;
  int32_t sum = start[c];
  for (int ky = 0; ky < w->kernel_height; ky++) {
    int iy = oy * w->stride_y - w->pad_top + ky * w->dilation_y;
    for (int kx = 0; kx < w->kernel_width; kx++, weight += w->channels) {
      int ix = ox * w->stride_x - w->pad_left + kx * w->dilation_x;
      int inside = iy >= 0 && iy < w->height && ix >= 0 && ix < w->width;
      sum += (inside ? x[((ptrdiff_t)iy * w->width + ix) * w->channels + c] : zero) * *weight;
    }
  }
  return sum;
}

void qn_u8_dwconv__portable(const qn_window *w, const uint8_t *x, uint8_t zero, const void *packed,
                            const qn_requantisation *requantisation, uint8_t *y, int row_begin, int row_end,
                            int channel_begin, int channel_end) {
  const qn_requantisation *r = requantisation;
  for (int oy = row_begin; oy < row_end; oy++) {
    for (int ox = 0; ox < w->out_width; ox++) {
      size_t pixel = (size_t)oy * (size_t)w->out_width + (size_t)ox;
      for (int c = channel_begin; c < channel_end; c++) {
        int32_t sum = window_sum(w, x, zero, packed, oy, ox, c);
        if (r->real) {
          r->real[pixel * r->real_stride + (size_t)c] = (float)sum * r->scale[c];
        } else {
          const uint8_t *residual = r->residual ? r->residual + pixel * r->residual_stride + c : NULL;
          y[pixel * (size_t)w->channels + (size_t)c] = qn_requantised(r, sum, (size_t)c, residual);
        }
      }
    }
  }
}
