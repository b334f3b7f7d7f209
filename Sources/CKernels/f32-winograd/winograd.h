// Template: included once per instruction set and tile with TILE, INPUT and OUTPUT defined (the names of the kernels),
// after transforms.h. One vector of channels of one tile is transformed at a time, columns first, and so few rows at a
// time that they stay in registers: to read a tile twice is cheaper than to store all of it in between.

#define NAME_(name, tile) name##_##tile
#define NAME(name, tile) NAME_(name, tile)
#define SIDE (TILE + 2)

// Where the pixels of a tile lie: `row` and `column` elements from one to the next.
#define patch NAME(patch, TILE)
typedef struct {
  const float *first;
  size_t row, column;
} patch;

// The rows of pair `part`; see transforms.h.
#define pair_row(part, which) ((part) == 0 ? (which) * (SIDE - 1) : 2 * (part) - 1 + (which))

#define store_row NAME(store_row, TILE)
INLINE void store_row(const vec *line, float *to, size_t matrix_stride, int tail, vec_mask mask) {
  vec row[SIDE], pair[2];
#pragma clang loop unroll(full)
  for (int part = 0; part < SIDE / 2; part++) {
    NAME(input_pair, TILE)(line, part, pair);
    row[pair_row(part, 0)] = pair[0];
    row[pair_row(part, 1)] = pair[1];
  }
  // Otherwise the addresses of all rows would be computed ahead and kept in memory.
  __asm__("" : "+r"(to));
#pragma clang loop unroll(full)
  for (int x = 0; x < SIDE; x++) {
    if (tail) {
      v_store_masked(to + x * matrix_stride, row[x], mask);
    } else {
      v_store(to + x * matrix_stride, row[x]);
    }
  }
}

#define transform_input NAME(transform_input, TILE)
INLINE void transform_input(patch p, float *to, size_t matrix_stride, int tail, vec_mask mask) {
#pragma clang loop unroll(full)
  for (int part = 0; part < SIDE / 2; part++) {
    vec lines[2][SIDE], column[SIDE], pair[2];
    // Lest the tile is read once, for all parts, and kept in memory.
    __asm__("" ::: "memory");
#pragma clang loop unroll(full)
    for (int x = 0; x < SIDE; x++) {
#pragma clang loop unroll(full)
      for (int y = 0; y < SIDE; y++) column[y] = v_load(p.first + y * p.row + x * p.column);
      NAME(input_pair, TILE)(column, part, pair);
      lines[0][x] = pair[0];
      lines[1][x] = pair[1];
    }
    store_row(lines[0], to + pair_row(part, 0) * SIDE * matrix_stride, matrix_stride, tail, mask);
    store_row(lines[1], to + pair_row(part, 1) * SIDE * matrix_stride, matrix_stride, tail, mask);
  }
}

// Copies one vector of channels of a tile that sticks out of the image, or of the last channels.
#define gather NAME(gather, TILE)
static void gather(const qn_window *w, const float *x, int top, int left, vec_mask mask, float *to) {
  for (int row = top; row < top + SIDE; row++) {
    for (int column = left; column < left + SIDE; column++, to += v_width) {
      int inside = row >= 0 && row < w->height && column >= 0 && column < w->width;
      vec pixel = v_zero();
      if (inside) pixel = v_load_masked(x + ((ptrdiff_t)row * w->width + column) * w->channels, mask);
      v_store(to, pixel);
    }
  }
}

void INPUT(const qn_window *w, const float *x, size_t tile_begin, size_t tile_end, float *matrices,
           size_t matrix_stride) {
  size_t across = (size_t)(w->out_width + TILE - 1) / TILE, channels = (size_t)w->channels;
  size_t whole = channels - channels % v_width;
  vec_mask all = v_first(v_width), rest = v_first((int)(channels - whole));
  float copied[SIDE * SIDE * v_width];
  const patch copy = {copied, SIDE * v_width, v_width};
  for (size_t tile = tile_begin; tile < tile_end; tile++, matrices += channels) {
    int top = (int)(tile / across) * TILE - w->pad_top, left = (int)(tile % across) * TILE - w->pad_left;
    int inside = top >= 0 && left >= 0 && top + SIDE <= w->height && left + SIDE <= w->width;
    ptrdiff_t first = ((ptrdiff_t)top * w->width + left) * w->channels;
    for (size_t c = 0; c < whole; c += v_width) {
      if (inside) {
        transform_input((patch){x + first + c, (size_t)w->width * channels, channels}, matrices + c, matrix_stride, 0,
                        all);
      } else {
        gather(w, x + c, top, left, all, copied);
        transform_input(copy, matrices + c, matrix_stride, 0, all);
      }
    }
    if (whole == channels) continue;
    gather(w, x + whole, top, left, rest, copied);
    transform_input(copy, matrices + whole, matrix_stride, 1, rest);
  }
}

// What happens to the pixels of a tile; `rows` and `columns` of them are inside the image.
#define target NAME(target, TILE)
typedef struct {
  const float *bias;
  const float *residual;
  qn_activation activation;
  vec low, high;
  float *y;
  size_t row, column;
  int rows, columns;
} target;

#define finish NAME(finish, TILE)
INLINE void finish(const target *t, vec value, vec bias, size_t at, int tail, vec_mask mask) {
  value = v_add(value, bias);
  if (t->residual) value = v_add(value, tail ? v_load_masked(t->residual + at, mask) : v_load(t->residual + at));
  // Clamps are the common activations.
  value = v_min(v_max(value, t->low), t->high);
  if (t->activation > qn_relu6) value = v_activate(value, t->activation);
  if (tail) {
    v_store_masked(t->y + at, value, mask);
  } else {
    v_store(t->y + at, value);
  }
}

// Finishes the row of pixels that `line` is transformed to.
#define finish_row NAME(finish_row, TILE)
INLINE void finish_row(const target *t, const vec *line, vec bias, size_t at, int tail, vec_mask mask) {
#pragma clang loop unroll(full)
  for (int part = 0; part < 2; part++) {
    vec pixels[TILE / 2];
    NAME(output_half, TILE)(line, part, pixels);
#pragma clang loop unroll(full)
    for (int i = 0; i < TILE / 2; i++) {
      int x = 2 * i + part;
      if (x < t->columns) finish(t, pixels[i], bias, at + x * t->column, tail, mask);
    }
  }
}

#define transform_output NAME(transform_output, TILE)
INLINE void transform_output(const float *from, size_t matrix_stride, const target *t, size_t c, int tail,
                             vec_mask mask) {
  vec bias = !t->bias ? v_zero() : tail ? v_load_masked(t->bias + c, mask) : v_load(t->bias + c);
#pragma clang loop unroll(full)
  for (int part = 0; part < 2; part++) {
    vec lines[TILE / 2][SIDE], column[SIDE], half[TILE / 2];
    __asm__("" ::: "memory");
#pragma clang loop unroll(full)
    for (int x = 0; x < SIDE; x++) {
#pragma clang loop unroll(full)
      for (int y = 0; y < SIDE; y++) {
        const float *at = from + (y * SIDE + x) * matrix_stride;
        column[y] = tail ? v_load_masked(at, mask) : v_load(at);
      }
      NAME(output_half, TILE)(column, part, half);
#pragma clang loop unroll(full)
      for (int i = 0; i < TILE / 2; i++) lines[i][x] = half[i];
    }
#pragma clang loop unroll(full)
    for (int i = 0; i < TILE / 2; i++) {
      int y = 2 * i + part;
      if (y < t->rows) finish_row(t, lines[i], bias, y * t->row + c, tail, mask);
    }
  }
}

void OUTPUT(const qn_window *w, const float *matrices, size_t matrix_stride, size_t tile_begin, size_t tile_end,
            size_t channels, const float *bias, const qn_epilogue *epilogue, float *y) {
  size_t across = (size_t)(w->out_width + TILE - 1) / TILE, whole = channels - channels % v_width;
  vec_mask all = v_first(v_width), rest = v_first((int)(channels - whole));
  qn_activation activation = epilogue->activation;
  target t = {.bias = bias, .activation = activation, .row = (size_t)w->out_width * channels, .column = channels};
  t.low = v_set(activation == qn_relu || activation == qn_relu6 ? 0 : -INFINITY);
  t.high = v_set(activation == qn_relu6 ? 6 : INFINITY);
  for (size_t tile = tile_begin; tile < tile_end; tile++, matrices += channels) {
    int top = (int)(tile / across) * TILE, left = (int)(tile % across) * TILE;
    size_t first = top * t.row + left * t.column;
    t.rows = w->out_height - top;
    t.columns = w->out_width - left;
    t.y = y + first;
    t.residual = epilogue->residual ? epilogue->residual + first : NULL;
    for (size_t c = 0; c < whole; c += v_width) transform_output(matrices + c, matrix_stride, &t, c, 0, all);
    if (whole < channels) transform_output(matrices + whole, matrix_stride, &t, whole, 1, rest);
  }
}

#undef patch
#undef pair_row
#undef store_row
#undef transform_input
#undef gather
#undef target
#undef finish
#undef finish_row
#undef transform_output
#undef SIDE
#undef NAME
#undef NAME_
#undef TILE
#undef INPUT
#undef OUTPUT
