// Template: included once per instruction set with KERNEL defined, and `tallest`, the rows that the registers hold beside
// two vectors of columns.
//
// A tile of C stays in registers while k runs; elements of A are spread over the lanes. Rows are divided evenly among
// tiles, so that no tile is left with too few to hide the latency of the additions.

#define INLINE __attribute__((always_inline)) static inline

typedef struct {
  size_t k;
  const float *a;
  size_t a_stride;
  const float *packed;
  const qn_epilogue *epilogue;
  float *c;
  size_t c_stride;
  // The column that the panel starts at, and the lanes of its last vector that exist.
  size_t column;
  vec_mask mask;
} panel;

// Finishes one vector of C and stores it. Clamps, the common activations, happen in registers.
INLINE void finish(const panel *p, vec sum, size_t row, size_t column, int last, vec low, vec high) {
  const qn_epilogue *e = p->epilogue;
  if (e->residual) {
    const float *at = e->residual + row * e->residual_stride + column;
    sum = v_add(sum, last ? v_load_masked(at, p->mask) : v_load(at));
  }
  sum = v_min(v_max(sum, low), high);
  if (last) {
    v_store_masked(p->c + row * p->c_stride + column, sum, p->mask);
  } else {
    v_store(p->c + row * p->c_stride + column, sum);
  }
}

// The other activations in a pass of their own over the tile, which is still in the first-level cache: the loop above
// stays short.
__attribute__((noinline)) static void activate_tile(const panel *p, size_t row, size_t rows, int vectors) {
  for (size_t r = row; r < row + rows; r++) {
    float *at = p->c + r * p->c_stride + p->column;
    for (int v = 0; v + 1 < vectors; v++, at += v_width) v_store(at, v_activate(v_load(at), p->epilogue->activation));
    v_store_masked(at, v_activate(v_load_masked(at, p->mask), p->epilogue->activation), p->mask);
  }
}

// Adds one step of k to the sums of one part.
INLINE void accumulate(vec *sums, const float *a, size_t a_stride, const float *b, int rows, int vectors) {
  vec right[2];
  for (int v = 0; v < vectors; v++) right[v] = v_load(b + v * v_width);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    vec left = v_set(a[r * a_stride]);
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) sums[r * vectors + v] = v_fma(left, right[v], sums[r * vectors + v]);
  }
}

// `rows`, `vectors` and `parts` are constants at every call. With several parts, part i sums k = i, i + parts, ...
INLINE void tile(const panel *p, size_t row, int rows, int vectors, int parts) {
  vec sums[tallest * 2];
  const float *a = p->a + row * p->a_stride, *b = p->packed;
  int width = vectors * v_width, per_part = rows * vectors;
#pragma clang loop unroll(full)
  for (int i = 0; i < parts * per_part; i++) {
    sums[i] = i < per_part ? v_load(b + i % vectors * v_width) : v_zero();
  }
  b += width;
  size_t k = 0, whole = p->k - p->k % (size_t)parts;
  for (; k < whole; k += parts, a += parts, b += parts * width) {
#pragma clang loop unroll(full)
    for (int part = 0; part < parts; part++) {
      accumulate(sums + part * per_part, a + part, p->a_stride, b + part * width, rows, vectors);
    }
  }
  for (; k < p->k; k++, a++, b += width) accumulate(sums, a, p->a_stride, b, rows, vectors);
#pragma clang loop unroll(full)
  for (int part = 1; part < parts; part++) {
    for (int i = 0; i < per_part; i++) sums[i] = v_add(sums[i], sums[part * per_part + i]);
  }
  qn_activation activation = p->epilogue->activation;
  vec low = v_set(activation == qn_relu || activation == qn_relu6 ? 0 : -INFINITY);
  vec high = v_set(activation == qn_relu6 ? 6 : INFINITY);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) {
      finish(p, sums[r * vectors + v], row + r, p->column + v * v_width, v == vectors - 1, low, high);
    }
  }
  if (activation > qn_relu6) activate_tile(p, row, rows, vectors);
}

INLINE void tile_of(const panel *p, size_t row, size_t rows, int vectors) {
  switch (rows) {
#define CASE(n) \
  case n: return tile(p, row, n, vectors, 1)
    CASE(1);
    CASE(2);
    CASE(3);
    CASE(4);
    CASE(5);
    CASE(6);
#if TALLEST == 12
    CASE(7);
    CASE(8);
    CASE(9);
    CASE(10);
    CASE(11);
    CASE(12);
#endif
#undef CASE
    default: return;
  }
}

// The few rows of a fully connected layer or of squeeze-excite.
INLINE void few_rows(const panel *p, size_t m, int vectors) {
  switch (m) {
    case 1: return tile(p, 0, 1, vectors, tallest == 12 ? 8 : 4);
    case 2: return tile(p, 0, 2, vectors, tallest == 12 ? 4 : 2);
    case 3: return tile(p, 0, 3, vectors, 2);
    default: return tile(p, 0, 4, vectors, tallest == 12 ? 2 : 1);
  }
}

INLINE void panel_rows(const panel *p, size_t m, int vectors) {
  if (m <= 4) return few_rows(p, m, vectors);
  size_t tiles = (m + tallest - 1) / tallest;
  for (size_t i = 0, row = 0; i < tiles; i++) {
    size_t rows = m / tiles + (i < m % tiles);
    tile_of(p, row, rows, vectors);
    row += rows;
  }
}

void KERNEL(size_t m, size_t n, size_t k, const float *a, size_t a_stride, const float *packed,
            const qn_epilogue *epilogue, float *c, size_t c_stride) {
  if (m == 0) return;
  panel p = {k, a, a_stride, packed, epilogue, c, c_stride, 0, v_first(v_width)};
  for (; p.column < n; p.column += 2 * v_width) {
    size_t columns = n - p.column;
    if (columns > v_width) {
      p.mask = v_first(columns < 2 * v_width ? (int)columns - v_width : v_width);
      panel_rows(&p, m, 2);
      p.packed += (k + 1) * 2 * v_width;
    } else {
      p.mask = v_first((int)columns);
      panel_rows(&p, m, 1);
    }
  }
}
