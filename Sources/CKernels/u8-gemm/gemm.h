// Template: included once per instruction set with KERNEL defined, and what simd/packed-product.h needs beside what is
// the same for all: a step is four bytes of A and of every column, sums are 32-bit integers and begin with the bias.
// `depth` is what the packed depth is a multiple of.

enum { weight_bytes = 4, head_bytes = 4 };
typedef int32_t element;

INLINE vec start(const char *head, int v) { return v_load(head + v * 4 * v_width); }
INLINE void finish_tile(const destination *to, const char *packed, const int32_t *sums, size_t row, size_t rows,
                        size_t column, size_t columns, int width) {
  (void)packed;
  requantise(to, sums, row, rows, column, columns, width);
}

#include "../simd/packed-product.h"

void KERNEL(size_t m, size_t n, size_t k, const uint8_t *a, size_t a_stride, const void *packed,
            const qn_requantisation *requantisation, uint8_t *c, size_t c_stride) {
  destination to;
  prepare(&to, requantisation, c, c_stride);
  panel p = {(k + 3) / 4, (const char *)a, a_stride, packed, &to, 0, 0};
  product(m, n, p, (k + depth - 1) / depth * (depth / 4));
}
