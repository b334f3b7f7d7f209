#include "../simd/bytes.h"
#include "kernels.h"

static float mixed(float first, float second, float blend) { return fmaf(second - first, blend, first); }

void qn_u8_resize__portable(int channels, int width, const uint8_t *x, int out_width, const qn_neighbours *rows,
                            const qn_neighbours *columns, const qn_u8_resizing *resizing, uint8_t *y, int row_begin,
                            int row_end) {
  const qn_u8_resizing *r = resizing;
  for (int oy = row_begin; oy < row_end; oy++) {
    const uint8_t *upper = x + (ptrdiff_t)rows[oy].first * width * channels;
    const uint8_t *lower = x + (ptrdiff_t)rows[oy].second * width * channels;
    for (int ox = 0; ox < out_width; ox++) {
      ptrdiff_t left = (ptrdiff_t)columns[ox].first * channels, right = (ptrdiff_t)columns[ox].second * channels;
      for (int c = 0; c < channels; c++) {
        float above = mixed(upper[left + c], upper[right + c], columns[ox].blend);
        float below = mixed(lower[left + c], lower[right + c], columns[ox].blend);
        float blend = mixed(above, below, rows[oy].blend);
        y[((ptrdiff_t)oy * out_width + ox) * channels + c] =
            qn_byte((blend - (float)r->x_zero) * r->scale, r->zero, r->low, r->high);
      }
    }
  }
}
