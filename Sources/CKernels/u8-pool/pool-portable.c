#include "../simd/bytes.h"
#include "kernels.h"

typedef struct {
  int32_t sum, count;
  uint8_t largest;
} pooled;

static pooled pool(const qn_window *w, const uint8_t *x, int oy, int ox, int c) {
  pooled p = {0, 0, 0};
  for (int ky = 0; ky < w->kernel_height; ky++) {
    int iy = oy * w->stride_y - w->pad_top + ky * w->dilation_y;
    if (iy < 0 || iy >= w->height) continue;
    for (int kx = 0; kx < w->kernel_width; kx++) {
      int ix = ox * w->stride_x - w->pad_left + kx * w->dilation_x;
      if (ix < 0 || ix >= w->width) continue;
      uint8_t value = x[((ptrdiff_t)iy * w->width + ix) * w->channels + c];
      if (value > p.largest) p.largest = value;
      p.sum += value;
      p.count++;
    }
  }
  return p;
}

static uint8_t mean(const qn_u8_averaging *a, pooled p) {
  float sum = (float)(p.sum - p.count * a->x_zero);
  return qn_byte(sum * (a->scale / (float)p.count), a->zero, a->low, a->high);
}

void qn_u8_pool__portable(const qn_window *w, const qn_u8_averaging *averaging, const uint8_t *x, uint8_t *y,
                          int row_begin, int row_end, int channel_begin, int channel_end) {
  for (int oy = row_begin; oy < row_end; oy++) {
    for (int ox = 0; ox < w->out_width; ox++) {
      for (int c = channel_begin; c < channel_end; c++) {
        pooled p = pool(w, x, oy, ox, c);
        y[((ptrdiff_t)oy * w->out_width + ox) * w->channels + c] = averaging ? mean(averaging, p) : p.largest;
      }
    }
  }
}
