// Template: included once per instruction set with KERNEL defined. One vector of channels of one window at a time.

__attribute__((always_inline)) static inline vec window(const qn_window *w, int maximum, const float *x, int oy, int ox,
                                                        int tail, vec_mask mask) {
  int top = oy * w->stride_y - w->pad_top, left = ox * w->stride_x - w->pad_left;
  taps rows = taps_inside(top, w->height, w->kernel_height, w->dilation_y);
  taps columns = taps_inside(left, w->width, w->kernel_width, w->dilation_x);
  vec result = maximum ? v_set(-INFINITY) : v_zero();
  for (int ky = rows.begin; ky < rows.end; ky++) {
    ptrdiff_t iy = top + ky * w->dilation_y;
    for (int kx = columns.begin; kx < columns.end; kx++) {
      const float *at = x + (iy * w->width + left + kx * w->dilation_x) * w->channels;
      vec value = tail ? v_load_masked(at, mask) : v_load(at);
      result = maximum ? v_max(result, value) : v_add(result, value);
    }
  }
  if (maximum) return result;
  int count = (rows.end - rows.begin) * (columns.end - columns.begin);
  return v_div(result, v_set((float)count));
}

void KERNEL(const qn_window *w, int maximum, const float *x, float *y, int row_begin, int row_end, int channel_begin,
            int channel_end) {
  vec_mask rest = v_first((channel_end - channel_begin) % v_width);
  for (int oy = row_begin; oy < row_end; oy++) {
    for (int ox = 0; ox < w->out_width; ox++) {
      float *to = y + ((ptrdiff_t)oy * w->out_width + ox) * w->channels;
      int c = channel_begin;
      for (; c + v_width <= channel_end; c += v_width) v_store(to + c, window(w, maximum, x + c, oy, ox, 0, rest));
      if (c < channel_end) v_store_masked(to + c, window(w, maximum, x + c, oy, ox, 1, rest), rest);
    }
  }
}
