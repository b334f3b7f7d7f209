// Template: included once per instruction set with KERNEL, `round_rows` and what simd/packed-product.h needs beside
// what is the same for all: a step is two numbers of a row of A, which are in BF16 in the scratch memory by then.

enum { weight_bytes = 4, head_bytes = 4 };

INLINE vec start(const char *head, int v) { return v_load((const float *)head + v * v_width); }
INLINE void finish_tile(const destination *to, const char *packed, const float *sums, size_t row, size_t rows,
                        size_t column, size_t columns, int width) {
  (void)packed;
  for (size_t r = 0; r < rows; r++, sums += width) {
    vec both[2] = {v_load(sums), v_load(sums + width - v_width)};
    store_row(to, both, row + r, column, columns, width / v_width);
  }
}

#include "../simd/packed-product.h"

void KERNEL(size_t m, size_t n, size_t k, const float *a, size_t a_stride, const void *packed, void *scratch, float *c,
            size_t c_stride) {
  destination to = {c, c_stride};
  size_t filled = (k + depth - 1) / depth * depth, stride = filled + row_gap / sizeof(uint16_t);
  round_rows(m, k, a, a_stride, scratch, filled, stride);
  panel p = {(k + 1) / 2, scratch, stride * sizeof(uint16_t), packed, &to, 0, 0};
  product(m, n, p, filled / 2);
}
