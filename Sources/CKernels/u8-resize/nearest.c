#include "quoin-u8-resize.h"

#include <stddef.h>
#include <string.h>

void qn_u8_resize_nearest(int channels, int width, const uint8_t *x, int out_width, const qn_neighbours *rows,
                          const qn_neighbours *columns, uint8_t *y, int row_begin, int row_end) {
  for (int oy = row_begin; oy < row_end; oy++) {
    const uint8_t *from = x + (ptrdiff_t)rows[oy].first * width * channels;
    uint8_t *to = y + (ptrdiff_t)oy * out_width * channels;
    for (int ox = 0; ox < out_width; ox++, to += channels) {
      memcpy(to, from + (ptrdiff_t)columns[ox].first * channels, (size_t)channels);
    }
  }
}
