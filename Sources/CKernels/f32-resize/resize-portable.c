#include "kernels.h"

#include <stddef.h>

void qn_f32_resize__portable(int channels, int width, const float *x, int out_width, const qn_neighbours *rows,
                             const qn_neighbours *columns, float *y, int row_begin, int row_end) {
  for (int oy = row_begin; oy < row_end; oy++) {
    const float *upper = x + (ptrdiff_t)rows[oy].first * width * channels;
    const float *lower = x + (ptrdiff_t)rows[oy].second * width * channels;
    for (int ox = 0; ox < out_width; ox++) {
      ptrdiff_t left = (ptrdiff_t)columns[ox].first * channels, right = (ptrdiff_t)columns[ox].second * channels;
      for (int c = 0; c < channels; c++) {
        float above = upper[left + c] + (upper[right + c] - upper[left + c]) * columns[ox].blend;
        float below = lower[left + c] + (lower[right + c] - lower[left + c]) * columns[ox].blend;
        y[((ptrdiff_t)oy * out_width + ox) * channels + c] = above + (below - above) * rows[oy].blend;
      }
    }
  }
}
