#include "kernels.h"

void qn_u8_table__portable(size_t rows, size_t columns, const uint8_t *x, size_t x_stride, const uint8_t *table,
                           uint8_t *y, size_t y_stride) {
  for (size_t row = 0; row < rows; row++, x += x_stride, y += y_stride) {
    for (size_t i = 0; i < columns; i++) y[i] = table[x[i]];
  }
}
