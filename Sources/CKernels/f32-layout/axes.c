#include "quoin-f32-layout.h"

#include <string.h>

// A side of the blocks in which two axes are exchanged: reads and writes of a block stay in the first-level cache.
enum { block = 16 };

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

// Two axes: rows are copied whole where they can be, and else a block at a time, so that neither side strides far.
static void copy_matrix(const size_t *extent, const size_t *from, const size_t *to, const float *x, float *y) {
  if (from[1] == 1 && to[1] == 1) {
    for (size_t i = 0; i < extent[0]; i++) memcpy(y + i * to[0], x + i * from[0], extent[1] * sizeof *y);
    return;
  }
  for (size_t row = 0; row < extent[0]; row += block) {
    size_t row_end = smaller(extent[0], row + block);
    for (size_t column = 0; column < extent[1]; column += block) {
      size_t column_end = smaller(extent[1], column + block);
      for (size_t i = row; i < row_end; i++) {
        for (size_t j = column; j < column_end; j++) y[i * to[0] + j * to[1]] = x[i * from[0] + j * from[1]];
      }
    }
  }
}

static void copy_from(const qn_axes *axes, int axis, const float *x, float *y) {
  if (axis == axes->rank - 2) {
    copy_matrix(axes->extent + axis, axes->from + axis, axes->to + axis, x, y);
    return;
  }
  for (size_t i = 0; i < axes->extent[axis]; i++) {
    copy_from(axes, axis + 1, x + i * axes->from[axis], y + i * axes->to[axis]);
  }
}

void qn_f32_copy_axes(const qn_axes *axes, const float *x, float *y) { copy_from(axes, 0, x, y); }
