// Template: a product with a packed right operand, of one or two vectors of columns at a time; included once per
// instruction set and kind of number. A step is four bytes of a row of A, whatever they hold. To be defined before:
//   `tallest`      the rows that the registers hold beside two vectors of columns, in TALLEST as well,
//   `parts_of_one` independent sums that hide the latency of a single row's additions,
//   `weight_bytes`, `head_bytes`   bytes per column of B: of one step, and ahead of the first,
//   `vec`, `v_width`, `v_zero`, `v_store`, `v_add`, `element`   vectors of sums, and one of these,
//   `start`        the sums before the first step, given what is ahead of a panel and which of its vectors,
//   `left`, `spread`   one step of a row of A in every lane, `right`, `weights`   one step of B per lane,
//   `dot`          the sum plus their products, and
//   `finish_tile`  what happens to finished sums, which lie row after row in the first-level cache.
//
// A tile of sums stays in registers while k runs. That it is finished from memory costs a store and a load per vector,
// and spares a copy of everything that can follow for every height of tile.

typedef struct {
  // Steps.
  size_t k;
  // Strides are in bytes.
  const char *a;
  size_t a_stride;
  const char *packed;
  const destination *to;
  size_t column, columns;
} panel;

// Adds one step of k to the sums of one part.
INLINE void accumulate(vec *sums, const char *a, size_t a_stride, const char *b, int rows, int vectors) {
  right weight[2];
  for (int v = 0; v < vectors; v++) weight[v] = weights(b + v * weight_bytes * v_width);
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
  const char *a = p->a + row * p->a_stride;
  const char *b = p->packed;
  int width = vectors * v_width, per_part = rows * vectors;
#pragma clang loop unroll(full)
  for (int i = 0; i < parts * per_part; i++) {
    sums[i] = i < per_part ? start(b, i % vectors) : v_zero();
  }
  b += head_bytes * width;
  size_t k = 0, whole = p->k - p->k % (size_t)parts;
  for (; k < whole; k += parts, a += 4 * parts, b += parts * weight_bytes * width) {
#pragma clang loop unroll(full)
    for (int part = 0; part < parts; part++) {
      accumulate(sums + part * per_part, a + 4 * part, p->a_stride, b + part * weight_bytes * width, rows, vectors);
    }
  }
  for (; k < p->k; k++, a += 4, b += weight_bytes * width) accumulate(sums, a, p->a_stride, b, rows, vectors);
  element finished[(tallest + 3) * 2 * v_width] __attribute__((aligned(64)));
#pragma clang loop unroll(full)
  for (int i = 0; i < per_part; i++) {
#pragma clang loop unroll(full)
    for (int part = 1; part < parts; part++) sums[i] = v_add(sums[i], sums[part * per_part + i]);
    v_store(finished + i * v_width, sums[i]);
  }
  finish_tile(p->to, p->packed, finished, row, rows, p->column, p->columns, width);
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

// `panel_steps` are the steps of a panel: those of A, and what is added to fill up a group.
INLINE void product(size_t m, size_t n, panel p, size_t panel_steps) {
  if (m == 0) return;
  for (; p.column < n; p.column += 2 * v_width) {
    p.columns = n - p.column < 2 * v_width ? n - p.column : 2 * v_width;
    if (p.columns > v_width) {
      panel_rows(&p, m, 2);
    } else {
      panel_rows(&p, m, 1);
    }
    p.packed += (panel_steps * weight_bytes + head_bytes) * 2 * v_width;
  }
}
