// Template: included once per instruction set with KERNEL defined, and
//   `tallest`     the rows that the registers hold beside two vectors of columns, in TALLEST as well,
//   `parts_of_one` independent sums that hide the latency of a single row's additions,
//   `depth`       what the packed depth is a multiple of,
//   `vec`, `v_width`, `v_zero`, `v_load`, `v_store`, `v_add`   vectors of 32-bit sums,
//   `left`, `spread`   four bytes of A in every lane, `right`, `weights`   four bytes of B per lane, and
//   `dot`         the sum plus their products,
// after one of the requantise headers.
//
// A tile of sums stays in registers while k runs. It is finished from memory, that is from the first-level cache: this
// costs a store and a load per vector, and spares a copy of everything that can follow for every height of tile.

typedef struct {
  // Steps of four, and those of a panel.
  size_t k, packed_k;
  const uint8_t *a;
  size_t a_stride;
  const char *packed;
  const destination *to;
  size_t column, columns;
} panel;

// Adds one step of k to the sums of one part.
INLINE void accumulate(vec *sums, const uint8_t *a, size_t a_stride, const char *b, int rows, int vectors) {
  right weight[2];
  for (int v = 0; v < vectors; v++) weight[v] = weights(b + v * 4 * v_width);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    left bytes = spread(a + r * a_stride);
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) sums[r * vectors + v] = dot(sums[r * vectors + v], bytes, weight[v]);
  }
}

// `rows`, `vectors` and `parts` are constants at every call. With several parts, part i sums steps i, i + parts, ...
INLINE void tile(const panel *p, size_t row, int rows, int vectors, int parts) {
  vec sums[tallest * 2];
  const uint8_t *a = p->a + row * p->a_stride;
  const char *b = p->packed;
  int width = vectors * v_width, per_part = rows * vectors;
#pragma clang loop unroll(full)
  for (int i = 0; i < parts * per_part; i++) {
    sums[i] = i < per_part ? v_load(b + i % vectors * 4 * v_width) : v_zero();
  }
  b += 4 * width;
  size_t k = 0, whole = p->k - p->k % (size_t)parts;
  for (; k < whole; k += parts, a += 4 * parts, b += parts * 4 * width) {
#pragma clang loop unroll(full)
    for (int part = 0; part < parts; part++) {
      accumulate(sums + part * per_part, a + 4 * part, p->a_stride, b + part * 4 * width, rows, vectors);
    }
  }
  for (; k < p->k; k++, a += 4, b += 4 * width) accumulate(sums, a, p->a_stride, b, rows, vectors);
  int32_t finished[(tallest + 3) * 2 * v_width] __attribute__((aligned(64)));
#pragma clang loop unroll(full)
  for (int i = 0; i < per_part; i++) {
#pragma clang loop unroll(full)
    for (int part = 1; part < parts; part++) sums[i] = v_add(sums[i], sums[part * per_part + i]);
    v_store(finished + i * v_width, sums[i]);
  }
  requantise(p->to, finished, row, rows, p->column, p->columns, width);
}

INLINE void tile_of(const panel *p, size_t row, size_t rows, int vectors) {
  switch (rows) {
#define CASE(n) \
  case n: return tile(p, row, n, vectors, 1)
    CASE(1);
    CASE(2);
    CASE(3);
    CASE(4);
#if TALLEST >= 6
    CASE(5);
    CASE(6);
#endif
#if TALLEST >= 10
    CASE(7);
    CASE(8);
    CASE(9);
    CASE(10);
#endif
#if TALLEST >= 12
    CASE(11);
    CASE(12);
#endif
#undef CASE
    default: return;
  }
}

// Rows are divided evenly among tiles; the few rows of a fully connected layer or of squeeze-excite get more parts.
INLINE void panel_rows(const panel *p, size_t m, int vectors) {
  if (m == 1) return tile(p, 0, 1, vectors, parts_of_one);
  if (m == 2) return tile(p, 0, 2, vectors, parts_of_one / 2);
  size_t tiles = (m + tallest - 1) / tallest;
  for (size_t i = 0, row = 0; i < tiles; i++) {
    size_t rows = m / tiles + (i < m % tiles);
    tile_of(p, row, rows, vectors);
    row += rows;
  }
}

void KERNEL(size_t m, size_t n, size_t k, const uint8_t *a, size_t a_stride, const void *packed,
            const qn_requantisation *requantisation, uint8_t *c, size_t c_stride) {
  if (m == 0) return;
  destination to;
  prepare(&to, requantisation, c, c_stride);
  panel p = {(k + 3) / 4, (k + depth - 1) / depth * (depth / 4), a, a_stride, packed, &to, 0, 0};
  for (; p.column < n; p.column += 2 * v_width) {
    p.columns = n - p.column < 2 * v_width ? n - p.column : 2 * v_width;
    if (p.columns > v_width) {
      panel_rows(&p, m, 2);
    } else {
      panel_rows(&p, m, 1);
    }
    p.packed += (p.packed_k + 1) * 2 * 4 * v_width;
  }
}
