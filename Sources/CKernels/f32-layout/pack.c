#include "quoin-f32-layout.h"

// Rows that are packed together where columns lie apart: what is read of a column then fills its cache line.
enum { rows_together = 16 };

// One panel of `width` columns of which `filled` exist.
static void pack_panel(size_t rows, size_t filled, size_t width, const float *x, size_t row_stride,
                       size_t column_stride, float scale, float *packed) {
  for (size_t j = 0; j < width; j++) packed[j] = 0;
  packed += width;
  for (size_t row = 0; row < rows; row += rows_together) {
    size_t end = rows - row < rows_together ? rows : row + rows_together;
    if (column_stride == 1) {
      for (size_t i = row; i < end; i++) {
        for (size_t j = 0; j < filled; j++) packed[i * width + j] = scale * x[i * row_stride + j];
      }
    } else {
      for (size_t j = 0; j < filled; j++) {
        const float *column = x + j * column_stride;
        for (size_t i = row; i < end; i++) packed[i * width + j] = scale * column[i * row_stride];
      }
    }
    for (size_t i = row; i < end; i++) {
      for (size_t j = filled; j < width; j++) packed[i * width + j] = 0;
    }
  }
}

void qn_f32_pack(size_t rows, size_t columns, const float *x, size_t row_stride, size_t column_stride, float scale,
                 size_t panel, float *packed) {
  for (size_t column = 0; column < columns; column += panel) {
    size_t filled = columns - column < panel ? columns - column : panel;
    size_t width = filled <= panel / 2 ? panel / 2 : panel;
    pack_panel(rows, filled, width, x + column * column_stride, row_stride, column_stride, scale, packed);
    packed += (rows + 1) * width;
  }
}
