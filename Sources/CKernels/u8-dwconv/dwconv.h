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
  // Whether all scales are below 1.
  int small;
} block_state;

// Four input rows, from the first column on; one on the padding is a vector of zero points that stays in its place.
typedef struct {
  const uint8_t *rows[4];
  ptrdiff_t steps[4];
  const uint8_t *end;
  int used;
} quad_source;

INLINE void interleave_pixel(const quad_source *s, int column, uint8_t *to, int partial) {
  bytes rows[4];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    const uint8_t *at = s->rows[i] + column * s->steps[i];
    rows[i] = partial ? b_load_first(at, s->used) : b_load(at);
  }
  store_quad(rows, to);
}

static void pad_pixels(bytes zero, int count, uint8_t *to) {
  bytes rows[4] = {zero, zero, zero, zero};
  for (int i = 0; i < count; i++, to += quad_bytes) store_quad(rows, to);
}

// Columns whose pixels, with all that a vector reads beyond them, lie in the image.
static int whole_columns(const quad_source *s) {
  ptrdiff_t columns = INT_MAX;
  for (int i = 0; i < 4; i++) {
    ptrdiff_t spare = s->end - s->rows[i] - b_width;
    if (s->steps[i] == 0) continue;
    columns = spare < 0 ? 0 : spare / s->steps[i] + 1 < columns ? spare / s->steps[i] + 1 : columns;
  }
  return (int)columns;
}

static int within(int x, int low, int high) { return x < low ? low : x > high ? high : x; }

// Input columns `column ..< column + count`, those outside the image included.
static void interleave_span(const quad_source *source, bytes zero, int width, int column, int count, uint8_t *to) {
  quad_source s = *source;
  int left = within(-column, 0, count), right = within(width - column, left, count);
  int whole = s.used == b_width ? right : within(whole_columns(&s) - column, left, right);
  pad_pixels(zero, left, to);
  for (int i = left; i < whole; i++) interleave_pixel(&s, column + i, to + (ptrdiff_t)i * quad_bytes, 0);
  for (int i = whole; i < right; i++) interleave_pixel(&s, column + i, to + (ptrdiff_t)i * quad_bytes, 1);
  pad_pixels(zero, count - right, to + (ptrdiff_t)right * quad_bytes);
}

// All quads of a strip, for input columns `column ..< column + count`.
__attribute__((noinline)) static void interleave(const block_state *b, int column, int count, uint8_t *to) {
  const dwconv_strip *s = b->strip;
  const qn_window *w = s->window;
  _Alignas(64) uint8_t padding[b_width];
  bytes zero = b_set(s->zero);
  b_store(padding, zero);
  int top = s->row * w->stride_y - w->pad_top, needed = (s->rows - 1) * w->stride_y + w->kernel_height;
  const uint8_t *end = s->x + (ptrdiff_t)w->height * w->width * w->channels;
  quad_source source = {.end = end, .used = s->count};
  for (int quad = 0; quad < b->plan.quads; quad++, to += (ptrdiff_t)count * quad_bytes) {
    for (int i = 0; i < 4; i++) {
      int slot = 4 * quad + i, y = top + slot * w->dilation_y, inside = slot < needed && y >= 0 && y < w->height;
      source.rows[i] = inside ? s->x + (ptrdiff_t)y * w->width * w->channels + s->channel : padding;
      source.steps[i] = inside ? w->channels : 0;
    }
    interleave_span(&source, zero, w->width, column, count, to);
  }
}

// The sums of a pixel as numbers, where the network ends in them.
static void store_numbers(const block_state *b, const ints *sums, ptrdiff_t at) {
  const dwconv_strip *s = b->strip;
  const qn_requantisation *r = s->requantisation;
  float parts[4][v_width];
  for (int part = 0; part < 4; part++) v_store(parts[part], v_mul(i_numbers(sums[part]), b->scale[part]));
  float *to = r->real + at * (ptrdiff_t)r->real_stride + s->channel;
  for (int c = 0; c < s->count; c++) to[c] = parts[c % 16 / 4][c / 16 * 4 + c % 4];
}

INLINE bytes requantised(const block_state *b, const ints *sums, int small) {
  vec scaled[4];
#pragma clang loop unroll(full)
  for (int part = 0; part < 4; part++) scaled[part] = v_mul(i_numbers(sums[part]), b->scale[part]);
  return small ? v_bytes_of_small(scaled, b->grid) : v_bytes(scaled, b->grid);
}

// Where in the strip a tile lies, and what of it is known when the code is compiled: its extent, and the window's width
// and quads or 0.
typedef struct {
  int row, column;
  int rows, columns, width, quads;
} tile_shape;

// Sums over the windows of a tile, whose input begins at `x`, `span` columns per quad.
INLINE void sum_up(const block_state *b, const uint8_t *x, int span, tile_shape t, ints sums[2][tile_columns][4]) {
  const qn_window *w = b->strip->window;
  ptrdiff_t step = (ptrdiff_t)w->stride_x * quad_bytes, next = (ptrdiff_t)w->dilation_x * quad_bytes;
  ptrdiff_t down = (ptrdiff_t)span * quad_bytes, rows = (ptrdiff_t)b->plan.rows * quad_bytes;
  int width = t.width ? t.width : w->kernel_width, quads = t.quads ? t.quads : b->plan.quads;
  const uint8_t *weights = (const uint8_t *)b->weights + t.row * quad_bytes;
#pragma clang loop unroll(full)
  for (int i = 0; i < t.rows * t.columns * 4; i++) sums[i / 4 / t.columns][i / 4 % t.columns][i % 4] = b->start[i % 4];
#pragma clang loop unroll(disable)
  for (int kx = 0; kx < width; kx++, x += next) {
    for (int quad = 0; quad < quads; quad++, weights += rows) {
#pragma clang loop unroll(full)
      for (int part = 0; part < 4; part++) {
#pragma clang loop unroll(full)
        for (int i = 0; i < t.columns; i++) {
          quad_part taps = load_part(x + quad * down + i * step, part);
#pragma clang loop unroll(full)
          for (int r = 0; r < t.rows; r++) {
            sums[r][i][part] = add_dots(sums[r][i][part], taps, weights + r * quad_bytes, part);
          }
        }
      }
    }
  }
}

INLINE void tile(const block_state *b, const uint8_t *x, int span, tile_shape t) {
  const dwconv_strip *s = b->strip;
  ptrdiff_t channels = s->window->channels, line = s->window->out_width;
  ptrdiff_t at = (s->row + t.row) * line + t.column;
  uint8_t *y = s->y + at * channels + s->channel;
  int count = s->count;
  ints sums[2][tile_columns][4];
  sum_up(b, x, span, t, sums);
#pragma clang loop unroll(full)
  for (int r = 0; r < t.rows; r++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < t.columns; i++) {
      b_store_first(y + (r * line + i) * channels, requantised(b, sums[r][i], t.width > 0), count);
    }
  }
}

// `count` output columns of one or two rows; `x` holds the quads of their input columns. All but the place is constant.
INLINE void tiles(const block_state *b, const uint8_t *x, int span, int count, tile_shape t) {
  ptrdiff_t step = (ptrdiff_t)b->strip->window->stride_x * quad_bytes;
  int i = 0, first = t.column, columns = t.columns;
  for (; i + columns <= count; i += columns) {
    t.column = first + i;
    tile(b, x + i * step, span, t);
  }
  for (t.columns = 1; i < count; i++) {
    t.column = first + i;
    tile(b, x + i * step, span, t);
  }
}

// Kept apart for each kind of window, since all hold unrolled loops. Those of a known width are for scales below 1, with
// which no scaled sum is beyond the integers.
#define TILES(name, width, quads)                                                                                 \
  __attribute__((noinline)) static void name##_pair(const block_state *b, const uint8_t *x, int span, int row,    \
                                                    int column, int count) {                                      \
    tiles(b, x, span, count, (tile_shape){row, column, 2, tile_columns / 2, width, quads});                       \
  }                                                                                                               \
  __attribute__((noinline)) static void name##_single(const block_state *b, const uint8_t *x, int span, int row,  \
                                                      int column, int count) {                                    \
    tiles(b, x, span, count, (tile_shape){row, column, 1, tile_columns, width, quads});                           \
  }
TILES(small, 3, 1)
TILES(middle, 5, 2)
TILES(large, 7, 2)
TILES(any, 0, 0)

// The same with numbers as results.
__attribute__((noinline)) static void numbers(const block_state *b, const uint8_t *x, int span, int row, int column,
                                              int count) {
  ptrdiff_t step = (ptrdiff_t)b->strip->window->stride_x * quad_bytes;
  for (int i = 0; i < count; i++) {
    ints sums[2][tile_columns][4];
    sum_up(b, x + i * step, span, (tile_shape){row, column + i, 1, 1, 0, 0}, sums);
    store_numbers(b, sums[0][0], (ptrdiff_t)(b->strip->row + row) * b->strip->window->out_width + column + i);
  }
}

typedef void (*tiles_function)(const block_state *b, const uint8_t *x, int span, int row, int column, int count);

// Sums two rows of a strip, or one.
typedef struct {
  tiles_function pair, single;
} tiles_functions;

static tiles_functions functions_of(const block_state *b) {
  int width = b->small ? b->strip->window->kernel_width : 0, quads = b->plan.quads;
  if (b->strip->requantisation->real) return (tiles_functions){NULL, numbers};
  if (width == 3 && quads == 1) return (tiles_functions){small_pair, small_single};
  if (width == 5 && quads == 2) return (tiles_functions){middle_pair, middle_single};
  if (width == 7 && quads == 2) return (tiles_functions){large_pair, large_single};
  return (tiles_functions){any_pair, any_single};
}

// The scales of the channels in the order of the sums, four neighbours at a time. Returns whether all are below 1.
static int order_scales(const dwconv_strip *s, float scale[4][v_width]) {
  const float *from = s->requantisation->scale + s->channel;
  int c = 0;
  for (; c + 4 <= s->count; c += 4) memcpy(&scale[c % 16 / 4][c / 16 * 4], from + c, 4 * sizeof *from);
  for (; c < s->count; c++) scale[c % 16 / 4][c / 16 * 4 + c % 4] = from[c];
  vec largest = v_max(v_max(v_load(scale[0]), v_load(scale[1])), v_max(v_load(scale[2]), v_load(scale[3])));
  return v_all_below(largest, v_set(1));
}

static void prepare(block_state *b, const int8_t *packed) {
  const qn_requantisation *r = b->strip->requantisation;
  float scale[4][v_width] = {{0}};
  b->small = order_scales(b->strip, scale);
  for (int part = 0; part < 4; part++) {
    b->start[part] = i_load(packed + part * b_width);
    b->scale[part] = v_load(scale[part]);
  }
  b->weights = packed + 4 * b_width;
  b->grid = v_grid_of(r->zero, r->low, r->high);
  b->plan = b->strip->plan;
}

void BLOCK(const dwconv_strip *strip, const int8_t *packed) {
  _Alignas(64) uint8_t scratch[scratch_bytes];
  const qn_window *w = strip->window;
  block_state b = {.strip = strip};
  prepare(&b, packed);
  tiles_functions sum = functions_of(&b);
  for (int column = 0; column < w->out_width; column += strip->columns) {
    int left = w->out_width - column, count = left < strip->columns ? left : strip->columns;
    int span = dwconv_span(w, count);
    interleave(&b, column * w->stride_x - w->pad_left, span, scratch);
    int row = 0;
    for (; sum.pair && row + 2 <= strip->rows; row += 2) sum.pair(&b, scratch, span, row, column, count);
    for (; row < strip->rows; row++) sum.single(&b, scratch, span, row, column, count);
  }
}
