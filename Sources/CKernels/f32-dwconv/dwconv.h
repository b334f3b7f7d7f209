// Template: included once per instruction set with KERNEL defined, MOST_ROWS, the rows of output that the registers
// hold together, and MASKS_ARE_FREE, whether masked loads cost no more than others.
//
// Up to `tile` neighbouring output pixels share every weight that is loaded, one vector of channels at a time.

#define INLINE __attribute__((always_inline)) static inline

// Output pixels taken together, and the widest kernel with a path of its own.
enum { tile = 8, widest = 7 };

typedef struct {
  const qn_window *window;
  const float *x, *weights, *bias, *residual;
  qn_activation activation;
  // Bounds of the activations that are clamps, infinite for the others.
  float low, high;
  float *y;
} arguments;

typedef struct {
  int begin, end;
} span;

INLINE vec load(const float *p, int tail, vec_mask mask) { return tail ? v_load_masked(p, mask) : v_load(p); }

// Adds the residual to `count` sums, clamps and stores them.
INLINE void finish(const arguments *a, const vec *sums, int oy, int ox, int c, int count, int tail, vec_mask mask) {
  ptrdiff_t channels = a->window->channels, out = ((ptrdiff_t)oy * a->window->out_width + ox) * channels + c;
  vec low = v_set(a->low), high = v_set(a->high);
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++, out += channels) {
    vec value = sums[i];
    if (a->residual) value = v_add(value, load(a->residual + out, tail, mask));
    value = v_min(v_max(value, low), high);
    if (tail) {
      v_store_masked(a->y + out, value, mask);
    } else {
      v_store(a->y + out, value);
    }
  }
}

// `count` pixels from (oy, ox) on, for the channels at `c`. `count`, `tail` are constants at every call.
INLINE void pixels(const arguments *a, int oy, int ox, int c, taps rows, taps columns, int count, int tail,
                   vec_mask mask) {
  const qn_window *w = a->window;
  ptrdiff_t channels = w->channels, step = (ptrdiff_t)w->stride_x * channels;
  vec start = a->bias ? load(a->bias + c, tail, mask) : v_zero();
  vec sums[tile];
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++) sums[i] = start;
  for (int ky = rows.begin; ky < rows.end; ky++) {
    ptrdiff_t iy = oy * w->stride_y - w->pad_top + ky * w->dilation_y;
    const float *weight = a->weights + (ptrdiff_t)ky * w->kernel_width * channels + c;
    for (int kx = columns.begin; kx < columns.end; kx++) {
      ptrdiff_t ix = ox * w->stride_x - w->pad_left + kx * w->dilation_x;
      const float *from = a->x + (iy * w->width + ix) * channels + c;
      vec factor = load(weight + kx * channels, tail, mask);
#pragma clang loop unroll(full)
      for (int i = 0; i < count; i++) sums[i] = v_fma(load(from + i * step, tail, mask), factor, sums[i]);
    }
  }
  finish(a, sums, oy, ox, c, count, tail, mask);
}

// The activations that are no clamps, in a pass of their own over a row that is still in the cache.
__attribute__((noinline)) static void activate_row(const arguments *a, int oy, span channels) {
  const qn_window *w = a->window;
  int count = channels.end - channels.begin;
  vec_mask rest = v_first(count % v_width);
  for (int ox = 0; ox < w->out_width; ox++) {
    float *y = a->y + ((ptrdiff_t)oy * w->out_width + ox) * w->channels + channels.begin;
    v_activate_all(y, (size_t)count, rest, a->activation);
  }
}

// `count` pixels from (oy, ox) on, for a range of channels: what their windows have in common is worked out once.
INLINE void segment(const arguments *a, int oy, int ox, taps rows, taps columns, int count, span channels) {
  int c = channels.begin;
  for (; c + v_width <= channels.end; c += v_width) pixels(a, oy, ox, c, rows, columns, count, 0, v_first(v_width));
  if (c < channels.end) pixels(a, oy, ox, c, rows, columns, count, 1, v_first(channels.end - c));
}

// One row of the output for any window. Interior pixels are taken together, those at the borders one by one.
__attribute__((noinline)) static void any_row(const arguments *a, int oy, span channels) {
  const qn_window *w = a->window;
  taps rows = taps_inside(oy * w->stride_y - w->pad_top, w->height, w->kernel_height, w->dilation_y);
  taps all = {0, w->kernel_width};
  // Output columns before `first` reach over the left border, those from `last` on over the right one.
  int first = (w->pad_left + w->stride_x - 1) / w->stride_x;
  int reach = w->width - 1 + w->pad_left - (w->kernel_width - 1) * w->dilation_x;
  int last = reach < 0 ? 0 : reach / w->stride_x + 1;
  if (last > w->out_width) last = w->out_width;
  for (int ox = 0; ox < w->out_width;) {
    int inside = ox >= first ? last - ox : 0;
    if (inside >= 8) {
      segment(a, oy, ox, rows, all, 8, channels);
      ox += 8;
    } else if (inside >= 4) {
      segment(a, oy, ox, rows, all, 4, channels);
      ox += 4;
    } else if (inside >= 2) {
      segment(a, oy, ox, rows, all, 2, channels);
      ox += 2;
    } else {
      taps columns = taps_inside(ox * w->stride_x - w->pad_left, w->width, w->kernel_width, w->dilation_x);
      segment(a, oy, ox, rows, columns, 1, channels);
      ox += 1;
    }
  }
}

#include "overlap.h"

void KERNEL(const qn_window *window, const float *x, const float *weights, const float *bias, const float *residual,
            qn_activation activation, float *y, int row_begin, int row_end, int channel_begin, int channel_end) {
  int is_relu = activation == qn_relu || activation == qn_relu6;
  float low = is_relu ? 0 : -INFINITY, high = activation == qn_relu6 ? 6 : INFINITY;
  arguments a = {window, x, weights, bias, residual, activation, low, high, y};
  span channels = {channel_begin, channel_end};
  rows_function overlapping = overlapping_function(window);
  int together = overlapping ? MOST_ROWS : 1;
  for (int oy = row_begin; oy < row_end; oy += together) {
    int rows = row_end - oy < together ? row_end - oy : together;
    if (overlapping) {
      overlapping(&a, oy, channels, rows);
    } else {
      any_row(&a, oy, channels);
    }
    for (int row = oy; activation > qn_relu6 && row < oy + rows; row++) activate_row(&a, row, channels);
  }
}
