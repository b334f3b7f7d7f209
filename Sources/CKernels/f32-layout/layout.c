#include "quoin-f32-layout.h"

#include <string.h>

// A side of the blocks in which a matrix is transposed: reads and writes of a block stay in the first-level cache.
enum { block = 32 };

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

void qn_f32_transpose(size_t rows, size_t columns, const float *x, float *y) {
  for (size_t row = 0; row < rows; row += block) {
    size_t row_end = smaller(rows, row + block);
    for (size_t column = 0; column < columns; column += block) {
      size_t column_end = smaller(columns, column + block);
      for (size_t j = column; j < column_end; j++) {
        for (size_t i = row; i < row_end; i++) y[j * rows + i] = x[i * columns + j];
      }
    }
  }
}

void qn_f32_copy_rows(size_t rows, size_t columns, const float *x, size_t x_stride, float *y, size_t y_stride) {
  for (size_t row = 0; row < rows; row++) memcpy(y + row * y_stride, x + row * x_stride, columns * sizeof *y);
}

// Two groups are the common case, and a plain interleaving that compilers turn into vectors.
static void interleave(size_t count, const float *restrict a, const float *restrict b, float *restrict y) {
  for (size_t i = 0; i < count; i++) {
    y[2 * i] = a[i];
    y[2 * i + 1] = b[i];
  }
}

void qn_f32_shuffle(size_t rows, size_t groups, size_t per_group, const float *x, float *y) {
  size_t columns = groups * per_group;
  for (size_t row = 0; row < rows; row++, x += columns, y += columns) {
    if (groups == 2) {
      interleave(per_group, x, x + per_group, y);
      continue;
    }
    for (size_t i = 0; i < per_group; i++) {
      for (size_t g = 0; g < groups; g++) y[i * groups + g] = x[g * per_group + i];
    }
  }
}
