#include "quoin-u8-im2col.h"

#include "../simd/taps.h"

#include <string.h>

void qn_u8_im2col(const qn_window *w, const uint8_t *x, uint8_t zero, int channel_begin, int channel_count,
                  int pixel_begin, int pixel_end, uint8_t *rows, size_t row_stride) {
  size_t count = (size_t)channel_count;
  for (int pixel = pixel_begin; pixel < pixel_end; pixel++, rows += row_stride) {
    int top = pixel / w->out_width * w->stride_y - w->pad_top, left = pixel % w->out_width * w->stride_x - w->pad_left;
    uint8_t *to = rows;
    for (int ky = 0; ky < w->kernel_height; ky++) {
      int iy = top + ky * w->dilation_y;
      for (int kx = 0; kx < w->kernel_width; kx++, to += count) {
        int ix = left + kx * w->dilation_x;
        if (iy < 0 || iy >= w->height || ix < 0 || ix >= w->width) {
          memset(to, zero, count);
        } else {
          memcpy(to, x + ((ptrdiff_t)iy * w->width + ix) * w->channels + channel_begin, count);
        }
      }
    }
  }
}
