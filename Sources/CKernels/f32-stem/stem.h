// Template: included once per instruction set with KERNEL and TALLEST defined, the pixels that the registers hold
// beside two vectors of columns.
//
// A tile of neighbouring output pixels stays in registers while the taps run; a tap's inputs are neighbours too, so
// each is spread over the lanes from a constant distance of one address.

#define INLINE __attribute__((always_inline)) static inline

enum { tallest = TALLEST };

typedef struct {
  const int *offsets;
  int taps, outputs;
  qn_activation activation;
  // The panel and the columns that it starts at and holds, and the lanes of its last vector that exist.
  const float *packed;
  int column, columns;
  vec_mask mask;
} panel;

// `pixels` and `vectors` are constants at every call; the first `count` pixels are stored.
INLINE void tile(const panel *p, const float *x, float *y, int count, int pixels, int vectors) {
  vec sums[2 * tallest];
  const float *b = p->packed;
#pragma clang loop unroll(full)
  for (int i = 0; i < pixels * vectors; i++) sums[i] = v_load(b + i % vectors * v_width);
  for (int tap = 0; tap < p->taps; tap++) {
    const float *from = x + p->offsets[tap];
    b += vectors * v_width;
    vec right[2];
    for (int v = 0; v < vectors; v++) right[v] = v_load(b + v * v_width);
#pragma clang loop unroll(full)
    for (int i = 0; i < pixels; i++) {
      vec left = v_set(from[i]);
#pragma clang loop unroll(full)
      for (int v = 0; v < vectors; v++) sums[i * vectors + v] = v_fma(left, right[v], sums[i * vectors + v]);
    }
  }
  if (p->activation == qn_relu || p->activation == qn_relu6) {
    vec high = v_set(p->activation == qn_relu6 ? 6 : INFINITY);
#pragma clang loop unroll(full)
    for (int i = 0; i < pixels * vectors; i++) sums[i] = v_min(v_max(sums[i], v_zero()), high);
  }
  float *to = y;
#pragma clang loop unroll(full)
  for (int i = 0; i < pixels; i++, to += p->outputs) {
    if (i >= count) break;
    if (vectors > 1) v_store(to, sums[i * vectors]);
    v_store_masked(to + (vectors - 1) * v_width, sums[(i + 1) * vectors - 1], p->mask);
  }
  if (p->activation > qn_relu6) {
    for (int i = 0; i < count; i++) v_activate_all(y + i * p->outputs, (size_t)p->columns, p->mask, p->activation);
  }
}

static void row_of_two(const panel *p, const float *x, float *y, int width) {
  for (int ox = 0; ox < width; ox += tallest) {
    int left = width - ox;
    tile(p, x + ox, y + (ptrdiff_t)ox * p->outputs, left < tallest ? left : tallest, tallest, 2);
  }
}

static void row_of_one(const panel *p, const float *x, float *y, int width) {
  for (int ox = 0; ox < width; ox += 2 * tallest) {
    int left = width - ox;
    tile(p, x + ox, y + (ptrdiff_t)ox * p->outputs, left < 2 * tallest ? left : 2 * tallest, 2 * tallest, 1);
  }
}

static void panel_rows(const panel *p, const qn_window *w, const float *lines, float *y, int rows) {
  ptrdiff_t step = (ptrdiff_t)w->stride_y * w->channels * qn_f32_stem_layout_of(w).line;
  for (int row = 0; row < rows; row++, lines += step, y += (ptrdiff_t)w->out_width * p->outputs) {
    if (p->columns > v_width) {
      row_of_two(p, lines, y + p->column, w->out_width);
    } else {
      row_of_one(p, lines, y + p->column, w->out_width);
    }
  }
}

void KERNEL(const qn_window *w, const float *x, ptrdiff_t x_channel, ptrdiff_t x_pixel, const float *packed,
            int outputs, qn_activation activation, float *y, int row_begin, int row_end, float *scratch) {
  int offsets[qn_f32_stem_taps];
  qn_f32_stem_offsets(w, offsets);
  int taps = w->kernel_height * w->kernel_width * w->channels;
  for (int row = row_begin; row < row_end; row += qn_f32_stem_rows) {
    int rows = row_end - row < qn_f32_stem_rows ? row_end - row : qn_f32_stem_rows;
    qn_f32_stem_fill(w, x, x_channel, x_pixel, row, rows, scratch);
    panel p = {offsets, taps, outputs, activation, packed, 0, 0, v_first(v_width)};
    for (; p.column < outputs; p.column += 2 * v_width) {
      p.columns = outputs - p.column < 2 * v_width ? outputs - p.column : 2 * v_width;
      int width = p.columns > v_width ? 2 * v_width : v_width;
      p.mask = v_first(p.columns - (width - v_width));
      panel_rows(&p, w, scratch, y + (ptrdiff_t)row * w->out_width * outputs, rows);
      p.packed += (taps + 1) * width;
    }
  }
}
