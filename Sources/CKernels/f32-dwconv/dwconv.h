// Template: included once per instruction set with KERNEL defined.
//
// One vector of channels at a time; `tile` neighbouring output pixels share every weight that is loaded. Pixels whose
// window reaches over the left or right border are computed one by one over the taps that lie inside.

enum { tile = 8 };

typedef struct {
  const qn_window *window;
  const float *x, *weights, *bias, *residual;
  qn_activation activation;
  float *y;
} arguments;

// `count` pixels from (oy, ox) on, for the channels at `c`. `count`, `tail` are constants at every call.
__attribute__((always_inline)) static inline void pixels(const arguments *a, int oy, int ox, int c, taps rows,
                                                         taps columns, int count, int tail, vec_mask mask) {
  const qn_window *w = a->window;
  ptrdiff_t channels = w->channels, step = (ptrdiff_t)w->stride_x * channels;
  vec start = a->bias ? (tail ? v_load_masked(a->bias + c, mask) : v_load(a->bias + c)) : v_zero();
  vec sums[tile];
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++) sums[i] = start;
  for (int ky = rows.begin; ky < rows.end; ky++) {
    ptrdiff_t iy = oy * w->stride_y - w->pad_top + ky * w->dilation_y;
    const float *weight = a->weights + (ptrdiff_t)ky * w->kernel_width * channels + c;
    for (int kx = columns.begin; kx < columns.end; kx++) {
      ptrdiff_t ix = ox * w->stride_x - w->pad_left + kx * w->dilation_x;
      const float *from = a->x + (iy * w->width + ix) * channels + c;
      const float *at = weight + kx * channels;
      vec factor = tail ? v_load_masked(at, mask) : v_load(at);
#pragma clang loop unroll(full)
      for (int i = 0; i < count; i++) {
        vec value = tail ? v_load_masked(from + i * step, mask) : v_load(from + i * step);
        sums[i] = v_fma(value, factor, sums[i]);
      }
    }
  }
  ptrdiff_t out = ((ptrdiff_t)oy * w->out_width + ox) * channels + c;
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++, out += channels) {
    vec value = sums[i];
    if (a->residual) {
      const float *at = a->residual + out;
      value = v_add(value, tail ? v_load_masked(at, mask) : v_load(at));
    }
    value = v_activate(value, a->activation);
    if (tail) {
      v_store_masked(a->y + out, value, mask);
    } else {
      v_store(a->y + out, value);
    }
  }
}

// One row of the output for the channels at `c`.
__attribute__((always_inline)) static inline void row(const arguments *a, int oy, int c, int tail, vec_mask mask) {
  const qn_window *w = a->window;
  taps rows = taps_inside(oy * w->stride_y - w->pad_top, w->height, w->kernel_height, w->dilation_y);
  taps all = {0, w->kernel_width};
  // Output columns before `first` reach over the left border, those from `last` on over the right one.
  int first = (w->pad_left + w->stride_x - 1) / w->stride_x;
  int reach = w->width - 1 + w->pad_left - (w->kernel_width - 1) * w->dilation_x;
  int last = reach < 0 ? 0 : reach / w->stride_x + 1;
  if (last > w->out_width) last = w->out_width;
  for (int ox = 0; ox < w->out_width;) {
    if (ox >= first && ox + tile <= last) {
      pixels(a, oy, ox, c, rows, all, tile, tail, mask);
      ox += tile;
    } else if (ox >= first && ox + tile / 4 <= last) {
      pixels(a, oy, ox, c, rows, all, tile / 4, tail, mask);
      ox += tile / 4;
    } else {
      taps columns = taps_inside(ox * w->stride_x - w->pad_left, w->width, w->kernel_width, w->dilation_x);
      pixels(a, oy, ox, c, rows, columns, 1, tail, mask);
      ox += 1;
    }
  }
}

void KERNEL(const qn_window *window, const float *x, const float *weights, const float *bias, const float *residual,
            qn_activation activation, float *y, int row_begin, int row_end, int channel_begin, int channel_end) {
  arguments a = {window, x, weights, bias, residual, activation, y};
  vec_mask rest = v_first((channel_end - channel_begin) % v_width);
  for (int oy = row_begin; oy < row_end; oy++) {
    int c = channel_begin;
    for (; c + v_width <= channel_end; c += v_width) row(&a, oy, c, 0, rest);
    if (c < channel_end) row(&a, oy, c, 1, rest);
  }
}
