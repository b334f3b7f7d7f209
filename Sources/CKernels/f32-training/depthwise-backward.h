// Template: the backward pass of depthwise convolutions. See depthwise.h.

// The gradient of the result with zeros around it. For stride 1 it is padded so that the gradient of the image is again a
// convolution, with the kernel turned around; for other strides it stands alone.
typedef struct {
  plane plane;
  int before_y, before_x;
} gradient_plane;

static inline gradient_plane gradient_of(const qn_window *w, int gathers, float *memory) {
  gradient_plane g = {{memory, w->out_height, w->out_width}, 0, 0};
  if (gathers) {
    int reach_y = (w->kernel_height - 1) * w->dilation_y, reach_x = (w->kernel_width - 1) * w->dilation_x;
    g.plane.height = w->height + reach_y;
    g.plane.width = w->width + reach_x;
    g.before_y = reach_y - w->pad_top;
    g.before_x = reach_x - w->pad_left;
  }
  return g;
}

QN_INLINE void read_gradient(const qn_window *w, const qn_gradient_view *dy, size_t c, gradient_plane g, int tail,
                             vec_mask mask) {
  vec slope = v_set(1), tilt = v_zero(), offset = v_zero();
  if (dy->slope) {
    slope = load(dy->slope + c, tail, mask);
    tilt = load(dy->tilt + c, tail, mask);
    offset = load(dy->offset + c, tail, mask);
  }
  if (g.plane.height != w->out_height || g.plane.width != w->out_width) clear(g.plane);
  for (int oy = 0; oy < w->out_height; oy++) {
    size_t at = (size_t)oy * w->out_width * w->channels + c;
    float *to = pixel(g.plane, oy + g.before_y, g.before_x);
    for (int ox = 0; ox < w->out_width; ox++, at += w->channels, to += v_width) {
      __builtin_prefetch(dy->gradient + at + (size_t)w->out_width * w->channels);
      vec value = load(dy->gradient + at, tail, mask);
      if (dy->slope) __builtin_prefetch(dy->x + at + (size_t)w->out_width * w->channels);
      if (dy->slope) value = v_fma(value, slope, v_fma(load(dy->x + at, tail, mask), tilt, offset));
      v_store(to, value);
    }
  }
}

// Adds the gradients of `rows` rows of taps from `ky` on, which stay in registers over the whole image.
QN_INLINE void tap_gradients(const qn_window *w, steps s, plane p, gradient_plane g, float *taps, int ky, int rows) {
  vec sums[4][7];
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int kx = 0; kx < s.kernel_width; kx++) sums[r][kx] = v_zero();
  }
  for (int oy = 0; oy < w->out_height; oy++) {
    const float *d = pixel(g.plane, oy + g.before_y, g.before_x);
    const float *row = pixel(p, oy * s.stride_y + ky, 0);
    size_t line = (size_t)p.width * v_width;
    for (int ox = 0; ox < w->out_width; ox++, d += v_width, row += s.stride_x * v_width) {
      vec factor = v_load(d);
#pragma clang loop unroll(full)
      for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
        for (int kx = 0; kx < s.kernel_width; kx++) {
          sums[r][kx] = v_fma(v_load(row + r * line + kx * v_width), factor, sums[r][kx]);
        }
      }
    }
  }
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
#pragma clang loop unroll(full)
    for (int kx = 0; kx < s.kernel_width; kx++) {
      float *at = taps + ((ky + r) * s.kernel_width + kx) * v_width;
      v_store(at, v_add(v_load(at), sums[r][kx]));
    }
  }
}

// The gradients of one tap, for any window.
static void tap_gradient(const qn_window *w, plane p, gradient_plane g, float *taps, int ky, int kx) {
  vec sum = v_zero();
  for (int oy = 0; oy < w->out_height; oy++) {
    for (int ox = 0; ox < w->out_width; ox++) {
      vec factor = v_load(pixel(g.plane, oy + g.before_y, ox + g.before_x));
      int y = oy * w->stride_y + ky * w->dilation_y, x = ox * w->stride_x + kx * w->dilation_x;
      sum = v_fma(v_load(pixel(p, y, x)), factor, sum);
    }
  }
  float *at = taps + (ky * w->kernel_width + kx) * v_width;
  v_store(at, v_add(v_load(at), sum));
}

QN_OUTLINE void all_tap_gradients(const qn_window *w, plane p, gradient_plane g, float *taps) {
  steps k3 = {3, 3, 1, 1, 1, 1}, k3s2 = {3, 3, 2, 2, 1, 1};
  steps k5 = {5, 5, 1, 1, 1, 1}, k5s2 = {5, 5, 2, 2, 1, 1};
  steps k7 = {7, 7, 1, 1, 1, 1};
  if (is_square(w, 3, 1)) {
    tap_gradients(w, k3, p, g, taps, 0, 3);
  } else if (is_square(w, 3, 2)) {
    tap_gradients(w, k3s2, p, g, taps, 0, 3);
  } else if (is_square(w, 5, 1)) {
    tap_gradients(w, k5, p, g, taps, 0, 3);
    tap_gradients(w, k5, p, g, taps, 3, 2);
  } else if (is_square(w, 5, 2)) {
    tap_gradients(w, k5s2, p, g, taps, 0, 3);
    tap_gradients(w, k5s2, p, g, taps, 3, 2);
  } else if (is_square(w, 7, 1)) {
    tap_gradients(w, k7, p, g, taps, 0, 4);
    tap_gradients(w, k7, p, g, taps, 4, 3);
  } else {
    for (int ky = 0; ky < w->kernel_height; ky++) {
      for (int kx = 0; kx < w->kernel_width; kx++) tap_gradient(w, p, g, taps, ky, kx);
    }
  }
}

// Stride 1: `count` pixels of the image's gradient.
QN_INLINE void gather_pixels(steps s, gradient_plane g, const float *taps, int iy, int ix, int count, float *row) {
  vec sums[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++) sums[i] = v_zero();
  for (int ky = 0; ky < s.kernel_height; ky++) {
    const float *line = pixel(g.plane, iy + (s.kernel_height - 1 - ky) * s.dilation_y, ix);
    for (int kx = 0; kx < s.kernel_width; kx++) {
      vec factor = v_load(taps + (ky * s.kernel_width + kx) * v_width);
#pragma clang loop unroll(full)
      for (int i = 0; i < count; i++) {
        const float *from = line + (i + (s.kernel_width - 1 - kx) * s.dilation_x) * v_width;
        sums[i] = v_fma(v_load(from), factor, sums[i]);
      }
    }
  }
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++) v_store(row + (ix + i) * v_width, sums[i]);
}

QN_INLINE void gather_steps(const qn_window *w, steps s, gradient_plane g, const float *taps, int iy, float *row) {
  int ix = 0;
  for (; ix + 8 <= w->width; ix += 8) gather_pixels(s, g, taps, iy, ix, 8, row);
  for (; ix + 2 <= w->width; ix += 2) gather_pixels(s, g, taps, iy, ix, 2, row);
  if (ix < w->width) gather_pixels(s, g, taps, iy, ix, 1, row);
}

// One row of the image's gradient.
QN_OUTLINE void gather_row(const qn_window *w, gradient_plane g, const float *taps, int iy, float *row) {
  steps k3 = {3, 3, 1, 1, 1, 1}, k5 = {5, 5, 1, 1, 1, 1}, k7 = {7, 7, 1, 1, 1, 1};
  if (is_square(w, 3, 1)) {
    gather_steps(w, k3, g, taps, iy, row);
  } else if (is_square(w, 5, 1)) {
    gather_steps(w, k5, g, taps, iy, row);
  } else if (is_square(w, 7, 1)) {
    gather_steps(w, k7, g, taps, iy, row);
  } else {
    gather_steps(w, steps_of(w), g, taps, iy, row);
  }
}

// Other strides: every pixel of the result's gradient is spread over the window that it came from.
QN_INLINE void scatter_steps(const qn_window *w, steps s, gradient_plane g, const float *taps, plane image) {
  clear(image);
  for (int oy = 0; oy < w->out_height; oy++) {
    for (int ox = 0; ox < w->out_width; ox++) {
      vec value = v_load(pixel(g.plane, oy, ox));
      for (int ky = 0; ky < s.kernel_height; ky++) {
        float *row = pixel(image, oy * s.stride_y + ky * s.dilation_y, ox * s.stride_x);
        for (int kx = 0; kx < s.kernel_width; kx++) {
          float *to = row + kx * s.dilation_x * v_width;
          v_store(to, v_fma(value, v_load(taps + (ky * s.kernel_width + kx) * v_width), v_load(to)));
        }
      }
    }
  }
}

QN_OUTLINE void scatter(const qn_window *w, gradient_plane g, const float *taps, plane image) {
  steps k3s2 = {3, 3, 2, 2, 1, 1}, k5s2 = {5, 5, 2, 2, 1, 1};
  if (is_square(w, 3, 2)) {
    scatter_steps(w, k3s2, g, taps, image);
  } else if (is_square(w, 5, 2)) {
    scatter_steps(w, k5s2, g, taps, image);
  } else {
    scatter_steps(w, steps_of(w), g, taps, image);
  }
}

// Where the rows of the image's gradient come from.
typedef struct {
  const qn_window *window;
  int gathers;
  gradient_plane g;
  const float *taps;
  plane image;
  float *row;
} image_gradient;

// A row of the image's gradient with room for `width` vectors; pixels that no window reaches have the gradient 0.
QN_OUTLINE const float *gradient_row(const image_gradient *source, int iy) {
  const qn_window *w = source->window;
  if (source->gathers) {
    gather_row(w, source->g, source->taps, iy, source->row);
    return source->row;
  }
  plane p = source->image;
  int y = iy + w->pad_top, reached = p.width - w->pad_left;
  if (y < p.height && reached >= w->width) return pixel(p, y, w->pad_left);
  memset(source->row, 0, (size_t)w->width * v_width * sizeof(float));
  if (y < p.height && reached > 0) {
    memcpy(source->row, pixel(p, y, w->pad_left), (size_t)reached * v_width * sizeof(float));
  }
  return source->row;
}

QN_INLINE void sink_image(const image_gradient *source, const qn_gradient_sink *sink, size_t c, int tail, vec_mask mask,
                          qn_activation activation) {
  const qn_window *w = source->window;
  sink_lanes lanes = sink_at(sink, c, tail, mask);
  size_t at = c;
  for (int iy = 0; iy < w->height; iy++) {
    const float *row = gradient_row(source, iy);
    for (int ix = 0; ix < w->width; ix++, at += w->channels) {
      __builtin_prefetch(sink->gradient + at + (size_t)w->width * w->channels, 1);
      if (sink->x) __builtin_prefetch(sink->x + at + (size_t)w->width * w->channels);
      sink_vector(sink, &lanes, v_load(row + ix * v_width), at, tail, mask, activation);
    }
  }
  sink_finish(sink, &lanes, c, tail ? (int)(w->channels - c) : v_width);
}

QN_OUTLINE void sink_lanes_of_image(const image_gradient *source, const qn_gradient_sink *sink, size_t c, int tail,
                                    vec_mask mask) {
  qn_activation seen = sink->x ? sink->view.activation : qn_identity;
#define WHOLE(activation) sink_image(source, sink, c, 0, mask, activation)
#define TAIL(activation) sink_image(source, sink, c, 1, mask, activation)
  if (tail) {
    QN_FOR_ACTIVATION(seen, TAIL)
  } else {
    QN_FOR_ACTIVATION(seen, WHOLE)
  }
#undef WHOLE
#undef TAIL
}

// Whether the image's gradient is a convolution of the padded gradient of the result.
static inline int gathers(const qn_window *w) {
  int reach_y = (w->kernel_height - 1) * w->dilation_y, reach_x = (w->kernel_width - 1) * w->dilation_x;
  return w->stride_y == 1 && w->stride_x == 1 && reach_y >= w->pad_top && reach_x >= w->pad_left &&
         w->out_height <= w->height + w->pad_top && w->out_width <= w->width + w->pad_left;
}

QN_INLINE void backward_lanes(const qn_window *w, const qn_gradient_view *dy, const float *x, const qn_view *view,
                              const float *weights, float *weight_gradient, const qn_gradient_sink *sink,
                              float *scratch, size_t c, int tail, vec_mask mask) {
  float *taps = scratch, *tap_sums = taps + tap_elements(w), *row = tap_sums + tap_elements(w);
  plane image = padded_image(w, row + (size_t)w->width * v_width);
  gradient_plane g = gradient_of(w, gathers(w), image.at + (size_t)image.height * image.width * v_width);
  read_viewed(w, x, view, c, image, tail, mask);
  read_gradient(w, dy, c, g, tail, mask);
  memset(tap_sums, 0, tap_elements(w) * sizeof(float));
  all_tap_gradients(w, image, g, tap_sums);
  int count = w->kernel_height * w->kernel_width;
  for (int t = 0; t < count; t++) {
    float *at = weight_gradient + (size_t)t * w->channels + c;
    store(at, v_add(load(at, tail, mask), v_load(tap_sums + t * v_width)), tail, mask);
  }
  if (!sink) return;
  read_taps(w, weights, c, taps, tail, mask);
  image_gradient source = {w, gathers(w), g, taps, image, row};
  if (!source.gathers) scatter(w, g, taps, image);
  sink_lanes_of_image(&source, sink, c, tail, mask);
}

static void depthwise_backward(const qn_window *w, const qn_gradient_view *dy, const float *x, const qn_view *view,
                               const float *weights, float *weight_gradient, const qn_gradient_sink *sink,
                               float *scratch) {
  size_t channels = (size_t)w->channels, c = 0;
  for (; c + v_width <= channels; c += v_width) {
    backward_lanes(w, dy, x, view, weights, weight_gradient, sink, scratch, c, 0, v_first(0));
  }
  if (c < channels) {
    vec_mask mask = v_first((int)(channels - c));
    backward_lanes(w, dy, x, view, weights, weight_gradient, sink, scratch, c, 1, mask);
  }
}
