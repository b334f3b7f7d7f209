// Template: included once per instruction set with KERNEL, TALLEST rows beside two vectors, and `decoded`, which makes
// vectors of step `s` of eight from words.
//
// A group is summed by itself and scaled once; a single row sums even and odd steps apart, to hide the latency.

enum { group = 32, together = 8 };

typedef struct {
  size_t k;
  const float *a;
  size_t a_stride;
  const float *packed;
  destination to;
  size_t column, columns;
} panel;

// Adds step `s` of the eight that begin at `a` to the sums of a group.
INLINE void add_step(vec *parts, const float *a, size_t a_stride, const words *packed, unsigned s, int rows,
                     int vectors) {
  vec weight[2];
  for (int v = 0; v < vectors; v++) weight[v] = decoded(packed[v], s);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    vec x = v_set(a[r * a_stride + s]);
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) parts[r * vectors + v] = v_fma(x, weight[v], parts[r * vectors + v]);
  }
}

// `rows` and `vectors` are constants at every call.
INLINE void tile(const panel *p, size_t row, int rows, int vectors) {
  int count = rows * vectors, chains = rows == 1 ? 2 : 1;
  vec sums[TALLEST * 2], parts[TALLEST * 4];
  const float *a = p->a + row * p->a_stride, *b = p->packed;
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++) sums[i] = v_load(b + i % vectors * v_width);
  b += vectors * v_width;
  for (size_t first = 0; first < p->k; first += group, b += 5 * vectors * v_width) {
#pragma clang loop unroll(full)
    for (int i = 0; i < chains * count; i++) parts[i] = v_zero();
    size_t steps = p->k - first < group ? p->k - first : group;
    for (size_t i = 0; i < steps; i += together) {
      words packed[2];
      for (int v = 0; v < vectors; v++) packed[v] = load_words(b + ((1 + i / together) * vectors + v) * v_width);
      if (steps - i >= together) {
#pragma clang loop unroll(full)
        for (unsigned s = 0; s < together; s++) {
          add_step(parts + s % chains * count, a + first + i, p->a_stride, packed, s, rows, vectors);
        }
      } else {
        for (unsigned s = 0; s < steps - i; s++) add_step(parts, a + first + i, p->a_stride, packed, s, rows, vectors);
      }
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < count; i++) {
      vec part = chains == 2 ? v_add(parts[i], parts[count + i]) : parts[i];
      sums[i] = v_fma(part, v_load(b + i % vectors * v_width), sums[i]);
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) store_row(&p->to, sums + r * vectors, row + r, p->column, p->columns, vectors);
}

INLINE void panel_rows(const panel *p, size_t m, int vectors) {
  size_t tiles = (m + TALLEST - 1) / TALLEST;
  for (size_t i = 0, row = 0; i < tiles; i++) {
    size_t rows = m / tiles + (i < m % tiles);
    switch (rows) {
      case 1: tile(p, row, 1, vectors); break;
      case 2: tile(p, row, 2, vectors); break;
#if TALLEST >= 6
      case 3: tile(p, row, 3, vectors); break;
      case 4: tile(p, row, 4, vectors); break;
      case 5: tile(p, row, 5, vectors); break;
      case 6: tile(p, row, 6, vectors); break;
#endif
      default: break;
    }
    row += rows;
  }
}

void KERNEL(size_t m, size_t n, size_t k, const float *a, size_t a_stride, const void *packed, void *scratch, float *c,
            size_t c_stride) {
  if (m > 2) {
    a_stride = spread_rows(m, k, a, a_stride, scratch);
    a = scratch;
  }
  panel p = {k, a, a_stride, packed, {c, c_stride}, 0, 0};
  size_t panel_words = 1 + (k + group - 1) / group * 5;
  for (; p.column < n; p.column += 2 * v_width, p.packed += panel_words * 2 * v_width) {
    p.columns = n - p.column < 2 * v_width ? n - p.column : 2 * v_width;
    if (p.columns > v_width) {
      panel_rows(&p, m, 2);
    } else {
      panel_rows(&p, m, 1);
    }
  }
}
