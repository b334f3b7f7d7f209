// Template: included once per instruction set with KERNEL defined.

#include "../u8-table/kernels.h"

// Elements that a table is applied to while they are in the first-level cache.
enum { block = 8192 };

static inline bytes sum(bytes a, bytes b, const qn_u8_addition *s, v_grid grid) {
  ints first[4], second[4];
  vec x[4];
  b_widen(a, first);
  b_widen(b, second);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    vec added = v_mul(i_numbers(i_sub(second[i], i_set(s->b_zero))), v_set(s->b_scale));
    x[i] = v_fma(i_numbers(i_sub(first[i], i_set(s->a_zero))), v_set(s->a_scale), added);
  }
  return v_bytes(x, grid);
}

static void add(size_t count, const uint8_t *a, const uint8_t *b, const qn_u8_addition *addition, uint8_t *z) {
  qn_u8_addition s = *addition;
  v_grid grid = v_grid_of(s.zero, s.low, s.high);
  size_t i = 0;
  for (; i + b_width <= count; i += b_width) b_store(z + i, sum(b_load(a + i), b_load(b + i), &s, grid));
  int rest = (int)(count - i);
  if (rest > 0) b_store_first(z + i, sum(b_load_first(a + i, rest), b_load_first(b + i, rest), &s, grid), rest);
}

void KERNEL(qn_u8_add)(size_t count, const uint8_t *a, const uint8_t *b, const qn_u8_addition *addition, uint8_t *z) {
  if (!addition->table) {
    add(count, a, b, addition, z);
    return;
  }
  qn_u8_table_function table = qn_u8_table_for(LEVEL);
  for (size_t i = 0; i < count; i += block) {
    size_t some = count - i < block ? count - i : block;
    add(some, a + i, b + i, addition, z + i);
    table(1, some, z + i, some, addition->table, z + i, some);
  }
}
