// Template: included once per instruction set with KERNEL and TALLEST defined, the rows that the registers hold beside
// two vectors of columns.
//
// A tile of C stays in registers while k runs; elements of A are spread over the lanes. Rows are divided evenly among
// tiles, so that no tile is left with too few to hide the latency of the additions.

#define INLINE __attribute__((always_inline)) static inline

enum { tallest = TALLEST };

typedef struct {
  size_t k;
  const float *a;
  size_t a_stride;
  const float *packed;
  const qn_epilogue *epilogue;
  float *c;
  size_t c_stride;
  // The columns that the panel starts at and holds, and the lanes of its last vector that exist.
  size_t column, columns;
  vec_mask mask;
  // Memory that will be read soon: the next panel, fetched by this one's tiles on the way, from one place or from two.
  const char *ahead;
  size_t second;
} panel;

// The activations that are no clamps, in a pass of their own over the tile, which is still in the first-level cache.
__attribute__((noinline)) static void activate_tile(const panel *p, size_t row, size_t rows) {
  for (size_t r = row; r < row + rows; r++) {
    v_activate_all(p->c + r * p->c_stride + p->column, p->columns, p->mask, p->epilogue->activation);
  }
}

// Finishes the sums of a tile and stores them. Clamps, the common activations, happen in registers.
INLINE void finish(const panel *p, vec *sums, size_t row, int rows, int vectors) {
  const qn_epilogue *e = p->epilogue;
  if (e->residual) {
    const float *at = e->residual + row * e->residual_stride + p->column;
#pragma clang loop unroll(full)
    for (int i = 0; i < rows * vectors; i++) {
      const float *from = at + (size_t)(i / vectors) * e->residual_stride + i % vectors * v_width;
      sums[i] = v_add(sums[i], (i + 1) % vectors == 0 ? v_load_masked(from, p->mask) : v_load(from));
    }
  }
  if (e->activation == qn_relu || e->activation == qn_relu6) {
    vec high = v_set(e->activation == qn_relu6 ? 6 : INFINITY);
#pragma clang loop unroll(full)
    for (int i = 0; i < rows * vectors; i++) sums[i] = v_min(v_max(sums[i], v_zero()), high);
  }
  float *to = p->c + row * p->c_stride + p->column;
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++, to += p->c_stride) {
#pragma clang loop unroll(full)
    for (int v = 0; v + 1 < vectors; v++) v_store(to + v * v_width, sums[r * vectors + v]);
    v_store_masked(to + (vectors - 1) * v_width, sums[(r + 1) * vectors - 1], p->mask);
  }
  if (e->activation > qn_relu6) activate_tile(p, row, (size_t)rows);
}

// `rows`, `vectors` and `parts` are constants at every call. With several parts, part i sums k = i, i + parts, ...
INLINE void tile(const panel *p, size_t row, int rows, int vectors, int parts) {
  enum { line = 64 };
  vec sums[tallest * 2];
  left_rows a = rows_from(p->a + row * p->a_stride, (ptrdiff_t)p->a_stride, rows);
  const float *b = p->packed;
  int width = vectors * v_width, per_part = rows * vectors, steps = parts > 2 ? parts : 2;
#pragma clang loop unroll(full)
  for (int i = 0; i < parts * per_part; i++) {
    sums[i] = i < per_part ? v_load(b + i % vectors * v_width) : v_zero();
  }
  b += width;
  size_t k = 0, whole = p->k - p->k % (size_t)steps;
  const char *ahead = p->ahead;
  size_t second = p->second;
  for (; k < whole; k += (size_t)steps, b += steps * width) {
    // Few rows read memory as fast as it comes; there, fetching ahead only delays what is needed first.
    if (parts == 1) {
      __builtin_prefetch(ahead, 0, 2);
      __builtin_prefetch(ahead + second, 0, 2);
      ahead += line;
      __asm__("" : "+r"(ahead));
    }
#pragma clang loop unroll(full)
    for (int step = 0; step < steps; step++) {
      accumulate(sums + step % parts * per_part, &a, step, b + step * width, rows, vectors);
    }
    advance(&a, rows, steps);
    __asm__("" : "+r"(b));
  }
  for (; k < p->k; k++, b += width) {
    accumulate(sums, &a, 0, b, rows, vectors);
    advance(&a, rows, 1);
  }
#pragma clang loop unroll(full)
  for (int part = 1; part < parts; part++) {
    for (int i = 0; i < per_part; i++) sums[i] = v_add(sums[i], sums[part * per_part + i]);
  }
  finish(p, sums, row, rows, vectors);
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
#if TALLEST == 14
    CASE(7);
    CASE(8);
    CASE(9);
    CASE(10);
    CASE(11);
    CASE(12);
    CASE(13);
    CASE(14);
#endif
#undef CASE
    default: return;
  }
}

// The few rows of a fully connected layer or of squeeze-excite.
INLINE void few_rows(const panel *p, size_t m, int vectors) {
  switch (m) {
    case 1: return tile(p, 0, 1, vectors, tallest == 14 ? 8 : 4);
    case 2: return tile(p, 0, 2, vectors, tallest == 14 ? 4 : 2);
    case 3: return tile(p, 0, 3, vectors, 2);
    default: return tile(p, 0, 4, vectors, tallest == 14 ? 2 : 1);
  }
}

INLINE void panel_rows(panel *p, size_t m, int vectors) {
  if (m <= 4) return few_rows(p, m, vectors);
  size_t tiles = (m + tallest - 1) / tallest;
  // A tile fetches a line per two steps of k, so four tiles fetch a panel of two vectors; fewer fetch two lines each,
  // lest memory rests while they multiply.
  const char *next = (const char *)(p->packed + (p->k + 1) * (size_t)(vectors * v_width));
  size_t bytes = p->k / 2 * 64;
  p->second = tiles < 4 ? 2 * bytes : 0;
  for (size_t i = 0, row = 0; i < tiles; i++) {
    size_t rows = m / tiles + (i < m % tiles);
    p->ahead = next + (i < 4 ? i : 3) * bytes;
    tile_of(p, row, rows, vectors);
    row += rows;
  }
}

void KERNEL(size_t m, size_t n, size_t k, const float *a, size_t a_stride, const float *packed,
            const qn_epilogue *epilogue, float *c, size_t c_stride) {
  if (m == 0) return;
  panel p = {k, a, a_stride, packed, epilogue, c, c_stride, 0, 0, v_first(v_width), NULL, 0};
  for (; p.column < n; p.column += 2 * v_width) {
    p.columns = n - p.column;
    if (p.columns > v_width) {
      if (p.columns > 2 * v_width) p.columns = 2 * v_width;
      p.mask = v_first((int)p.columns - v_width);
      panel_rows(&p, m, 2);
      p.packed += (k + 1) * 2 * v_width;
    } else {
      p.mask = v_first((int)p.columns);
      panel_rows(&p, m, 1);
    }
  }
}
