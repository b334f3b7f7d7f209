// Template: included once per instruction set with BLOCK, the function's name, and the vocabulary of quads defined.
//
// A strip of output rows, for one vector of channels. The input rows that it reads are first interleaved by fours into
// scratch memory, a quad of bytes per channel and column, with the zero point on the padding. Then a multiplication of
// quads takes four taps, and every quad serves all rows of the strip and all windows that its column lies in. Unpacking
// leaves channels in an order that narrowing undoes; the packed weights follow it.

#define INLINE __attribute__((always_inline)) static inline

// Bytes of a quad of all channels of a vector, for one column.
enum { quad_bytes = quad_vectors * b_width };

typedef struct {
  const dwconv_strip *strip;
  dwconv_plan plan;
  const int8_t *weights;
  ints start[4];
  // The scale per channel, in the order of the sums, and what bytes become of.
  vec scale[4];
  v_grid grid;
} block_state;

// Input columns `column ..< column + count` of four rows; a row on the padding is NULL.
typedef struct {
  const uint8_t *rows[4];
  const uint8_t *end;
  int channels, used, width;
  bytes zero;
} quad_source;

INLINE bytes pixel(const quad_source *s, int row, int column, int partial) {
  if (!s->rows[row]) return s->zero;
  const uint8_t *at = s->rows[row] + (ptrdiff_t)column * s->channels;
  return partial ? b_load_before(at, s->used, s->end) : b_load(at);
}

INLINE void interleave_span(const quad_source *s, int column, int count, uint8_t *to, int partial) {
  for (int i = 0; i < count; i++, to += quad_bytes) {
    int at = column + i, inside = at >= 0 && at < s->width;
    bytes rows[4];
#pragma clang loop unroll(full)
    for (int row = 0; row < 4; row++) rows[row] = inside ? pixel(s, row, at, partial) : s->zero;
    store_quad(rows, to);
  }
}

// All quads of a strip, for input columns `column ..< column + count`.
__attribute__((noinline)) static void interleave(const block_state *b, int column, int count, uint8_t *to) {
  const dwconv_strip *s = b->strip;
  const qn_window *w = s->window;
  int top = s->row * w->stride_y - w->pad_top, needed = (s->rows - 1) * w->stride_y + w->kernel_height;
  const uint8_t *end = s->x + (ptrdiff_t)w->height * w->width * w->channels;
  quad_source source = {{0}, end, w->channels, s->count, w->width, b_set(s->zero)};
  for (int quad = 0; quad < b->plan.quads; quad++, to += (ptrdiff_t)count * quad_bytes) {
    for (int i = 0; i < 4; i++) {
      int slot = 4 * quad + i, y = top + slot * w->dilation_y, inside = slot < needed && y >= 0 && y < w->height;
      source.rows[i] = inside ? s->x + (ptrdiff_t)y * w->width * w->channels + s->channel : NULL;
    }
    if (s->count == b_width) {
      interleave_span(&source, column, count, to, 0);
    } else {
      interleave_span(&source, column, count, to, 1);
    }
  }
}

// The sums of a pixel as numbers, where the network ends in them.
__attribute__((noinline)) static void store_numbers(const block_state *b, const vec *scaled, ptrdiff_t at) {
  const dwconv_strip *s = b->strip;
  const qn_requantisation *r = s->requantisation;
  float parts[4][v_width];
  for (int part = 0; part < 4; part++) v_store(parts[part], scaled[part]);
  float *to = r->real + at * (ptrdiff_t)r->real_stride + s->channel;
  for (int c = 0; c < s->count; c++) to[c] = parts[c % 16 / 4][c / 16 * 4 + c % 4];
}

INLINE void finish(const block_state *b, const ints *sums, ptrdiff_t at) {
  const dwconv_strip *s = b->strip;
  vec scaled[4];
#pragma clang loop unroll(full)
  for (int part = 0; part < 4; part++) scaled[part] = v_mul(i_numbers(sums[part]), b->scale[part]);
  if (__builtin_expect(s->requantisation->real != NULL, 0)) {
    store_numbers(b, scaled, at);
    return;
  }
  uint8_t *to = s->y + at * s->window->channels + s->channel;
  bytes result = v_bytes(scaled, b->grid);
  if (s->count == b_width) {
    b_store(to, result);
  } else {
    b_store_first(to, result, s->count);
  }
}

// `rows` output rows from `row` of the strip on and `columns` columns from `column` on, whose input begins at `x`;
// `rows` and `columns` are constants at every call.
INLINE void tile(const block_state *b, const uint8_t *x, int span, int row, int rows, int column, int columns) {
  const dwconv_strip *s = b->strip;
  const qn_window *w = s->window;
  ptrdiff_t step = (ptrdiff_t)w->stride_x * quad_bytes, next = (ptrdiff_t)w->dilation_x * quad_bytes;
  ints sums[2][4][4];
#pragma clang loop unroll(full)
  for (int i = 0; i < rows * columns * 4; i++) sums[i / 4 / columns][i / 4 % columns][i % 4] = b->start[i % 4];
  const int8_t *weights = b->weights + row * quad_bytes;
  for (int kx = 0; kx < w->kernel_width; kx++, x += next) {
    const uint8_t *quads = x;
    for (int quad = 0; quad < b->plan.quads; quad++, quads += (ptrdiff_t)span * quad_bytes) {
#pragma clang loop unroll(full)
      for (int part = 0; part < 4; part++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < columns; i++) {
          quad_part taps = load_part(quads + i * step, part);
#pragma clang loop unroll(full)
          for (int r = 0; r < rows; r++) {
            sums[r][i][part] = add_dots(sums[r][i][part], taps, (const uint8_t *)weights + r * quad_bytes, part);
          }
        }
      }
      weights += b->plan.rows * quad_bytes;
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    ptrdiff_t at = (ptrdiff_t)(s->row + row + r) * w->out_width + column;
#pragma clang loop unroll(full)
    for (int i = 0; i < columns; i++) finish(b, sums[r][i], at + i);
  }
}

// `count` output columns from `column` on; `x` holds the quads of their input columns.
INLINE void tiles(const block_state *b, const uint8_t *x, int span, int row, int rows, int column, int count,
                  int columns) {
  ptrdiff_t step = (ptrdiff_t)b->strip->window->stride_x * quad_bytes;
  int i = 0;
  for (; i + columns <= count; i += columns) tile(b, x + i * step, span, row, rows, column + i, columns);
  for (; i < count; i++) tile(b, x + i * step, span, row, rows, column + i, 1);
}

__attribute__((noinline)) static void two_rows(const block_state *b, const uint8_t *x, int span, int row, int column,
                                               int count) {
  tiles(b, x, span, row, 2, column, count, tile_columns / 2);
}

__attribute__((noinline)) static void one_row(const block_state *b, const uint8_t *x, int span, int row, int column,
                                              int count) {
  tiles(b, x, span, row, 1, column, count, tile_columns);
}

static void prepare(block_state *b, const int8_t *packed) {
  const dwconv_strip *s = b->strip;
  const qn_requantisation *r = s->requantisation;
  float scale[4][v_width] = {{0}};
  for (int c = 0; c < s->count; c++) scale[c % 16 / 4][c / 16 * 4 + c % 4] = r->scale[s->channel + c];
  for (int part = 0; part < 4; part++) {
    b->start[part] = i_load(packed + part * b_width);
    b->scale[part] = v_load(scale[part]);
  }
  b->weights = packed + 4 * b_width;
  b->grid = v_grid_of(r->zero, r->low, r->high);
  b->plan = dwconv_plan_of(s->window);
}

void BLOCK(const dwconv_strip *strip, const int8_t *packed) {
  _Alignas(64) uint8_t scratch[scratch_bytes];
  const qn_window *w = strip->window;
  block_state b = {.strip = strip};
  prepare(&b, packed);
  int most = dwconv_columns(w, b.plan, quad_bytes);
  for (int column = 0; column < w->out_width; column += most) {
    int count = w->out_width - column < most ? w->out_width - column : most, span = dwconv_span(w, count);
    interleave(&b, column * w->stride_x - w->pad_left, span, scratch);
    int row = 0;
    for (; row + 2 <= strip->rows; row += 2) two_rows(&b, scratch, span, row, column, count);
    if (row < strip->rows) one_row(&b, scratch, span, row, column, count);
  }
}
