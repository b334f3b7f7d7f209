// Template: included once per instruction set with KERNEL and what simd/packed-product.h needs beside what is the same
// for all: a step is a number of a row of A. Scale and bias follow the sums.

enum { weight_bytes = 1, head_bytes = 8 };
typedef vec left, right;

INLINE vec start(const char *head, int v) {
  (void)head, (void)v;
  return v_zero();
}
INLINE left spread(const char *a) { return v_set(*(const float *)a); }
INLINE vec dot(vec sum, left a, right b) { return v_fma(a, b, sum); }

INLINE void finish_tile(const destination *to, const char *packed, const float *sums, size_t row, size_t rows,
                        size_t column, size_t columns, int width) {
  const float *bias = (const float *)packed, *scale = bias + width;
  for (size_t r = 0; r < rows; r++, sums += width) {
    vec both[2];
    for (int v = 0; v < width / v_width; v++) {
      both[v] = v_fma(v_load(sums + v * v_width), v_load(scale + v * v_width), v_load(bias + v * v_width));
    }
    store_row(to, both, row + r, column, columns, width / v_width);
  }
}

#include "../simd/packed-product.h"

void KERNEL(size_t m, size_t n, size_t k, const float *a, size_t a_stride, const void *packed, void *scratch, float *c,
            size_t c_stride) {
  destination to = {c, c_stride};
  if (m > 2) {
    a_stride = spread_rows(m, k, a, a_stride, scratch);
    a = scratch;
  }
  panel p = {k, (const char *)a, a_stride * sizeof(float), packed, &to, 0, 0};
  product(m, n, p, k);
}
