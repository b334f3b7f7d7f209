#include "CKernels.h"

#include <string.h>

// Position of the pixel that a tap reads, or a negative number where it falls on the padding.
static ptrdiff_t source(const qn_window *w, int pixel, int ky, int kx) {
  int y = pixel / w->out_width * w->stride_y - w->pad_top + ky * w->dilation_y;
  int x = pixel % w->out_width * w->stride_x - w->pad_left + kx * w->dilation_x;
  if (y < 0 || y >= w->height || x < 0 || x >= w->width) return -1;
  return ((ptrdiff_t)y * w->width + x) * w->channels;
}

void qn_f32_im2col(const qn_window *w, const float *x, int channel_begin, int channel_count, int pixel_begin,
                   int pixel_end, float *rows) {
  size_t bytes = (size_t)channel_count * sizeof(float);
  for (int pixel = pixel_begin; pixel < pixel_end; pixel++) {
    for (int ky = 0; ky < w->kernel_height; ky++) {
      for (int kx = 0; kx < w->kernel_width; kx++, rows += channel_count) {
        ptrdiff_t from = source(w, pixel, ky, kx);
        if (from < 0) {
          memset(rows, 0, bytes);
        } else {
          memcpy(rows, x + from + channel_begin, bytes);
        }
      }
    }
  }
}

void qn_f32_col2im_add(const qn_window *w, const float *rows, int channel_begin, int channel_count, int pixel_begin,
                       int pixel_end, float *x) {
  for (int pixel = pixel_begin; pixel < pixel_end; pixel++) {
    for (int ky = 0; ky < w->kernel_height; ky++) {
      for (int kx = 0; kx < w->kernel_width; kx++, rows += channel_count) {
        ptrdiff_t to = source(w, pixel, ky, kx);
        if (to < 0) continue;
        for (int c = 0; c < channel_count; c++) x[to + channel_begin + c] += rows[c];
      }
    }
  }
}
