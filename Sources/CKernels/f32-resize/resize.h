// Template: included once per instruction set with KERNEL defined. One vector of channels of one pixel at a time.

__attribute__((always_inline)) static inline vec take(const float *p, int tail, vec_mask mask) {
  return tail ? v_load_masked(p, mask) : v_load(p);
}

static inline vec mixed(vec first, vec second, vec blend) { return v_fma(v_sub(second, first), blend, first); }

__attribute__((always_inline)) static inline vec pixel(const float *upper, const float *lower, ptrdiff_t left,
                                                       ptrdiff_t right, vec across, vec down, int tail,
                                                       vec_mask mask) {
  vec above = mixed(take(upper + left, tail, mask), take(upper + right, tail, mask), across);
  vec below = mixed(take(lower + left, tail, mask), take(lower + right, tail, mask), across);
  return mixed(above, below, down);
}

void KERNEL(int channels, int width, const float *x, int out_width, const qn_neighbours *rows,
            const qn_neighbours *columns, float *y, int row_begin, int row_end) {
  vec_mask rest = v_first(channels % v_width);
  for (int oy = row_begin; oy < row_end; oy++) {
    const float *upper = x + (ptrdiff_t)rows[oy].first * width * channels;
    const float *lower = x + (ptrdiff_t)rows[oy].second * width * channels;
    vec down = v_set(rows[oy].blend);
    for (int ox = 0; ox < out_width; ox++) {
      ptrdiff_t left = (ptrdiff_t)columns[ox].first * channels, right = (ptrdiff_t)columns[ox].second * channels;
      float *to = y + ((ptrdiff_t)oy * out_width + ox) * channels;
      vec across = v_set(columns[ox].blend);
      int c = 0;
      for (; c + v_width <= channels; c += v_width) {
        v_store(to + c, pixel(upper + c, lower + c, left, right, across, down, 0, rest));
      }
      if (c < channels) v_store_masked(to + c, pixel(upper + c, lower + c, left, right, across, down, 1, rest), rest);
    }
  }
}
