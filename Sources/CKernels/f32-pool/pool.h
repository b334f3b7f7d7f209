// Template: included once per instruction set with KERNEL defined.
//
// Up to four vectors of channels of one window at a time: what taps it has is worked out once, and the sums of large
// windows do not wait for each other.

#define INLINE __attribute__((always_inline)) static inline

enum { together = 4 };

typedef struct {
  const qn_window *window;
  int top, left;
  taps rows, columns;
} place;

// `maximum`, `count` and `tail` are constants at every call.
INLINE void vectors(const place *p, int maximum, const float *x, float *y, int count, int tail, vec_mask mask) {
  const qn_window *w = p->window;
  vec results[together];
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++) results[i] = maximum ? v_set(-INFINITY) : v_zero();
  for (int ky = p->rows.begin; ky < p->rows.end; ky++) {
    ptrdiff_t iy = p->top + ky * w->dilation_y;
    const float *at = x + (iy * w->width + p->left + p->columns.begin * w->dilation_x) * w->channels;
    for (int kx = p->columns.begin; kx < p->columns.end; kx++, at += w->dilation_x * w->channels) {
#pragma clang loop unroll(full)
      for (int i = 0; i < count; i++) {
        vec value = tail ? v_load_masked(at + i * v_width, mask) : v_load(at + i * v_width);
        results[i] = maximum ? v_max(results[i], value) : v_add(results[i], value);
      }
    }
  }
  int taps = (p->rows.end - p->rows.begin) * (p->columns.end - p->columns.begin);
  vec size = v_set((float)taps);
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++) {
    vec result = maximum ? results[i] : v_div(results[i], size);
    if (tail) {
      v_store_masked(y + i * v_width, result, mask);
    } else {
      v_store(y + i * v_width, result);
    }
  }
}

INLINE void window(const place *p, int maximum, const float *x, float *y, int channel_begin, int channel_end) {
  int c = channel_begin;
  for (; c + together * v_width <= channel_end; c += together * v_width) {
    vectors(p, maximum, x + c, y + c, together, 0, v_first(v_width));
  }
  for (; c + v_width <= channel_end; c += v_width) vectors(p, maximum, x + c, y + c, 1, 0, v_first(v_width));
  if (c < channel_end) vectors(p, maximum, x + c, y + c, 1, 1, v_first(channel_end - c));
}

void KERNEL(const qn_window *w, int maximum, const float *x, float *y, int row_begin, int row_end, int channel_begin,
            int channel_end) {
  for (int oy = row_begin; oy < row_end; oy++) {
    place p = {w, oy * w->stride_y - w->pad_top, 0, {0, 0}, {0, 0}};
    p.rows = taps_inside(p.top, w->height, w->kernel_height, w->dilation_y);
    for (int ox = 0; ox < w->out_width; ox++) {
      p.left = ox * w->stride_x - w->pad_left;
      p.columns = taps_inside(p.left, w->width, w->kernel_width, w->dilation_x);
      float *to = y + ((ptrdiff_t)oy * w->out_width + ox) * w->channels;
      if (maximum) {
        window(&p, 1, x, to, channel_begin, channel_end);
      } else {
        window(&p, 0, x, to, channel_begin, channel_end);
      }
    }
  }
}
