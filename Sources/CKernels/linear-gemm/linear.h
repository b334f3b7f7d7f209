#pragma once
#include <string.h>

// What formats of weights share; after a header of simd/.

// Bytes behind a row of A in the scratch memory, so that rows do not share sets of the cache.
enum { row_gap = 64 };

typedef float element;
typedef struct {
  float *c;
  size_t c_stride;
} destination;

// One row of a tile of one or two vectors; `columns` of them exist, so that a first of two vectors is whole.
INLINE void store_row(const destination *to, const vec sums[2], size_t row, size_t column, size_t columns,
                      int vectors) {
  float *c = to->c + row * to->c_stride + column;
  if (vectors == 2) v_store(c, sums[0]);
  int last = (vectors - 1) * v_width;
  v_store_masked(c + last, sums[vectors - 1], v_first((int)columns - last));
}

// A's rows a multiple of 64 bytes and a gap apart. Returns the stride in numbers.
INLINE size_t spread_rows(size_t m, size_t k, const float *a, size_t a_stride, float *to) {
  size_t stride = (k + 15) / 16 * 16 + row_gap / sizeof(float);
  for (size_t row = 0; row < m; row++) memcpy(to + row * stride, a + row * a_stride, k * sizeof(float));
  return stride;
}
