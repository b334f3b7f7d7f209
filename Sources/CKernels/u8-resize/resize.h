// Template: included once per instruction set with KERNEL defined. One vector of channels of one pixel at a time.

#define INLINE __attribute__((always_inline)) static inline

typedef struct {
  const uint8_t *upper, *lower, *end;
  ptrdiff_t left, right;
  vec across, down;
} neighbourhood;

typedef struct {
  vec zero, scale;
  v_grid grid;
} target;

INLINE void numbers(const uint8_t *p, int count, const uint8_t *end, vec x[4]) {
  ints n[4];
  b_widen(count == b_width ? b_load(p) : b_load_before(p, count, end), n);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) x[i] = i_numbers(n[i]);
}

INLINE vec mixed(vec first, vec second, vec blend) { return v_fma(v_sub(second, first), blend, first); }

INLINE void across(const uint8_t *p, const neighbourhood *n, int count, vec x[4]) {
  vec right[4];
  numbers(p + n->left, count, n->end, x);
  numbers(p + n->right, count, n->end, right);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) x[i] = mixed(x[i], right[i], n->across);
}

INLINE bytes pixel(const neighbourhood *n, const target *t, int c, int count) {
  vec above[4], below[4];
  across(n->upper + c, n, count, above);
  across(n->lower + c, n, count, below);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) above[i] = v_mul(v_sub(mixed(above[i], below[i], n->down), t->zero), t->scale);
  return v_bytes(above, t->grid);
}

void KERNEL(qn_u8_resize)(int channels, int width, const uint8_t *x, int out_width, const qn_neighbours *rows,
                          const qn_neighbours *columns, const qn_u8_resizing *resizing, uint8_t *y, int row_begin,
                          int row_end) {
  const qn_u8_resizing *r = resizing;
  target t = {v_set((float)r->x_zero), v_set(r->scale), v_grid_of(r->zero, r->low, r->high)};
  for (int oy = row_begin; oy < row_end; oy++) {
    ptrdiff_t line = (ptrdiff_t)width * channels;
    neighbourhood n = {.upper = x + rows[oy].first * line, .lower = x + rows[oy].second * line};
    n.down = v_set(rows[oy].blend);
    // No row below the lower one is known to exist, nor one below the upper.
    n.end = (rows[oy].first < rows[oy].second ? n.lower : n.upper) + line;
    for (int ox = 0; ox < out_width; ox++) {
      uint8_t *to = y + ((ptrdiff_t)oy * out_width + ox) * channels;
      n.left = (ptrdiff_t)columns[ox].first * channels;
      n.right = (ptrdiff_t)columns[ox].second * channels;
      n.across = v_set(columns[ox].blend);
      int c = 0;
      for (; c + b_width <= channels; c += b_width) b_store(to + c, pixel(&n, &t, c, b_width));
      if (c < channels) b_store_first(to + c, pixel(&n, &t, c, channels - c), channels - c);
    }
  }
}
