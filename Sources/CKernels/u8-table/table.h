// Template: included once per instruction set with KERNEL and the type and functions of a lookup defined.

static void row(const lookup *l, size_t count, const uint8_t *x, uint8_t *y) {
  size_t i = 0;
  for (; i + 2 * b_width <= count; i += 2 * b_width) {
    bytes first = looked_up(l, b_load(x + i)), second = looked_up(l, b_load(x + i + b_width));
    b_store(y + i, first);
    b_store(y + i + b_width, second);
  }
  for (; i + b_width <= count; i += b_width) b_store(y + i, looked_up(l, b_load(x + i)));
  int rest = (int)(count - i);
  if (rest > 0) b_store_first(y + i, looked_up(l, b_load_first(x + i, rest)), rest);
}

void KERNEL(qn_u8_table)(size_t rows, size_t columns, const uint8_t *x, size_t x_stride, const uint8_t *table,
                         uint8_t *y, size_t y_stride) {
  lookup l = lookup_of(table);
  if (x_stride == columns && y_stride == columns) {
    row(&l, rows * columns, x, y);
    return;
  }
  for (size_t i = 0; i < rows; i++, x += x_stride, y += y_stride) row(&l, columns, x, y);
}
