#pragma once

// What formats of weights share; after a header of simd/.

typedef float element;
typedef struct {
  float *c;
  size_t c_stride;
} destination;

// One row of a tile of one or two vectors; `columns` of them exist, so that a first of two vectors is whole.
INLINE void store_row(const destination *to, const vec sums[2], size_t row, size_t column, size_t columns, int vectors) {
  float *c = to->c + row * to->c_stride + column;
  if (vectors == 2) v_store(c, sums[0]);
  int last = (vectors - 1) * v_width;
  v_store_masked(c + last, sums[vectors - 1], v_first((int)columns - last));
}
