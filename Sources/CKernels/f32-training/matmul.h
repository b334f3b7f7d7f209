// Template: matrix products for tall, narrow matrices, without packing.
//
// A tile of C stays in registers while k runs: `rows` elements of A are spread over the lanes, `vectors` vectors of B are
// loaded. Callers block the problem so that its operands lie in the second-level cache; what is left of a panel of B
// then stays in the first-level one.

typedef struct {
  size_t k;
  const float *a;
  size_t a_row, a_column;
  const float *b;
  size_t b_row;
  float *c;
  size_t c_row;
  int accumulate;
} product;

QN_INLINE void matmul_tile(const product *p, size_t i, size_t j, int rows, int vectors, int tail, vec_mask mask) {
  vec sums[12][3];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      const float *at = p->c + (i + r) * p->c_row + j + v * v_width;
      sums[r][v] = p->accumulate ? load(at, tail && v == vectors - 1, mask) : v_zero();
    }
  }
  const float *a = p->a + i * p->a_row, *b = p->b + j;
  size_t a_row = p->a_row;
  for (size_t k = 0; k < p->k; k++, a += p->a_column, b += p->b_row) {
    vec right[3];
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) right[v] = load(b + v * v_width, tail && v == vectors - 1, mask);
#pragma clang loop unroll(full)
    for (int r = 0; r < rows; r++) {
      vec left = v_set(a[r * a_row]);
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sums[r][v] = v_fma(left, right[v], sums[r][v]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      store(p->c + (i + r) * p->c_row + j + v * v_width, sums[r][v], tail && v == vectors - 1, mask);
    }
  }
}

// All rows of C for `vectors` vectors of columns from `j` on.
QN_INLINE void matmul_panel(const product *p, size_t m, size_t j, int vectors, int tail, vec_mask mask) {
  // As many rows as the registers hold: 32 with AVX-512, 16 below.
  enum { wide = v_width == 16 ? 12 : 6 };
  size_t i = 0;
  if (vectors == 3) {
    enum { high = v_width == 16 ? 8 : 4 };
    for (; i + high <= m; i += high) matmul_tile(p, i, j, high, vectors, tail, mask);
  } else {
    for (; i + wide <= m; i += wide) matmul_tile(p, i, j, wide, vectors, tail, mask);
    if (wide > 8 && i + 8 <= m) {
      matmul_tile(p, i, j, 8, vectors, tail, mask);
      i += 8;
    }
  }
  for (; i + 4 <= m; i += 4) matmul_tile(p, i, j, 4, vectors, tail, mask);
  for (; i < m; i++) matmul_tile(p, i, j, 1, vectors, tail, mask);
}

static void matmul(size_t m, size_t n, size_t k, const float *a, size_t a_row, size_t a_column, const float *b,
                   size_t b_row, float *c, size_t c_row, int accumulate) {
  product p = {k, a, a_row, a_column, b, b_row, c, c_row, accumulate};
  vec_mask mask = v_first((int)(n % v_width));
  size_t j = 0, whole = n / v_width;
  int tail = n % v_width != 0;
  // The last panel takes the incomplete vector along.
  while (whole + tail > 4 || (whole + tail == 4)) {
    matmul_panel(&p, m, j, 2, 0, mask);
    j += 2 * v_width;
    whole -= 2;
  }
  switch (whole + tail) {
    case 3:
      if (tail) {
        matmul_panel(&p, m, j, 3, 1, mask);
      } else {
        matmul_panel(&p, m, j, 3, 0, mask);
      }
      break;
    case 2:
      if (tail) {
        matmul_panel(&p, m, j, 2, 1, mask);
      } else {
        matmul_panel(&p, m, j, 2, 0, mask);
      }
      break;
    case 1:
      if (tail) {
        matmul_panel(&p, m, j, 1, 1, mask);
      } else {
        matmul_panel(&p, m, j, 1, 0, mask);
      }
      break;
    default: break;
  }
}
