// Template: included once per instruction set with KERNEL and TALLEST defined, the pixels that the registers hold
// beside one vector of columns.
//
// A tile of neighbouring output pixels stays in registers while taps and inputs run. The inputs of a row of taps are
// one run of memory in the strip, so each row of taps is a product of matrices whose left rows overlap.

#define INLINE __attribute__((always_inline)) static inline

typedef struct {
  const qn_window *window;
  // Where a row of taps begins in the strip, and how far it runs on; with a dilation, every tap is a run of its own.
  ptrdiff_t row_step, run_step, pixel_step;
  int rows, runs, length;
  const float *packed;
  // One row of the output, and of the residual or NULL, at the vector's first channel.
  float *y;
  const float *residual;
  int outputs;
  qn_activation activation;
  int columns;
  vec_mask mask;
} vector_row;

// `pixels` is a constant at every call.
INLINE void tile(const vector_row *v, const float *strip, int ox, int pixels) {
  vec sums[TALLEST];
  const float *b = v->packed;
  vec bias = v_load(b);
  b += v_width;
#pragma clang loop unroll(full)
  for (int i = 0; i < pixels; i++) sums[i] = bias;
  for (int ky = 0; ky < v->rows; ky++) {
    for (int run = 0; run < v->runs; run++) {
      left_rows a = rows_from(strip + ky * v->row_step + run * v->run_step + ox * v->pixel_step, v->pixel_step, pixels);
      int k = 0;
      for (; k + 2 <= v->length; k += 2, b += 2 * v_width) {
        accumulate(sums, &a, 0, b, pixels, 1);
        accumulate(sums, &a, 1, b + v_width, pixels, 1);
        advance(&a, pixels, 2);
        __asm__("" : "+r"(b));
      }
      if (k < v->length) {
        accumulate(sums, &a, 0, b, pixels, 1);
        b += v_width;
      }
    }
  }
  int is_clamp = v->activation == qn_relu || v->activation == qn_relu6;
  vec low = v_set(is_clamp ? 0 : -INFINITY), high = v_set(v->activation == qn_relu6 ? 6 : INFINITY);
#pragma clang loop unroll(full)
  for (int i = 0; i < pixels; i++) {
    ptrdiff_t at = (ptrdiff_t)(ox + i) * v->outputs;
    if (v->residual) sums[i] = v_add(sums[i], v_load_masked(v->residual + at, v->mask));
    v_store_masked(v->y + at, v_min(v_max(sums[i], low), high), v->mask);
  }
}

INLINE void tile_of(const vector_row *v, const float *strip, int ox, int pixels) {
  switch (pixels) {
#define CASE(n) \
  case n: return tile(v, strip, ox, n)
    CASE(1);
    CASE(2);
    CASE(3);
    CASE(4);
    CASE(5);
    CASE(6);
    CASE(7);
    CASE(8);
    CASE(9);
    CASE(10);
    CASE(11);
    CASE(12);
#if TALLEST == 14
    CASE(13);
    CASE(14);
#endif
#undef CASE
    default: return;
  }
}

// Pixels are divided evenly among tiles, so that no tile is left with too few to hide the latency of the additions.
static void row_of_tiles(const vector_row *v, const float *strip) {
  int width = v->window->out_width, tiles = (width + TALLEST - 1) / TALLEST;
  for (int i = 0, ox = 0; i < tiles; i++) {
    int pixels = width / tiles + (i < width % tiles);
    tile_of(v, strip, ox, pixels);
    ox += pixels;
  }
  if (v->activation > qn_relu6) {
    for (int ox = 0; ox < width; ox++) {
      v_activate_all(v->y + (ptrdiff_t)ox * v->outputs, (size_t)v->columns, v->mask, v->activation);
    }
  }
}

static void vector_rows(vector_row v, const float *x, qn_f32_gconv_inputs range, float *y, const float *residual,
                        int row_begin, int row_end, float *scratch) {
  const qn_window *w = v.window;
  int inputs = range.end - range.begin, together = qn_f32_gconv_strip_rows(w, inputs);
  ptrdiff_t line = (ptrdiff_t)qn_f32_gconv_strip_width(w) * inputs, step = (ptrdiff_t)w->out_width * v.outputs;
  v.row_step = w->dilation_y * line;
  v.run_step = (ptrdiff_t)w->dilation_x * inputs;
  v.pixel_step = (ptrdiff_t)w->stride_x * inputs;
  v.rows = w->kernel_height;
  v.runs = w->dilation_x == 1 ? 1 : w->kernel_width;
  v.length = w->dilation_x == 1 ? w->kernel_width * inputs : inputs;
  for (int row = row_begin; row < row_end; row += together) {
    int rows = row_end - row < together ? row_end - row : together;
    qn_f32_gconv_fill(w, x, range, row, rows, scratch);
    for (int i = 0; i < rows; i++) {
      v.y = y + (row + i) * step;
      v.residual = residual ? residual + (row + i) * step : NULL;
      row_of_tiles(&v, scratch + i * w->stride_y * line);
    }
  }
}

void KERNEL(const qn_window *w, int groups, int outputs, const float *x, const float *packed, const float *residual,
            qn_activation activation, float *y, int row_begin, int row_end, int channel_begin, int channel_end,
            float *scratch) {
  int taps = w->kernel_height * w->kernel_width;
  vector_row v = {.window = w, .packed = packed, .outputs = outputs, .activation = activation};
  for (int vector = 0, c = 0; c < channel_end; vector++, c += v_width) {
    qn_f32_gconv_inputs range = qn_f32_gconv_inputs_of(vector, v_width, w->channels, groups, outputs);
    if (c >= channel_begin) {
      v.columns = channel_end - c < v_width ? channel_end - c : v_width;
      v.mask = v_first(v.columns);
      vector_rows(v, x, range, y + c, residual ? residual + c : NULL, row_begin, row_end, scratch);
    }
    v.packed += (ptrdiff_t)(1 + taps * (range.end - range.begin)) * v_width;
  }
}
