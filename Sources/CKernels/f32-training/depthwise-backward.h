// Template: the backward pass of depthwise convolutions. See depthwise.h.

// Whether the image's gradient is a convolution of the padded gradient of the result.
static inline int gathers(const qn_window *w) {
  int reach_y = (w->kernel_height - 1) * w->dilation_y, reach_x = (w->kernel_width - 1) * w->dilation_x;
  return w->stride_y == 1 && w->stride_x == 1 && reach_y >= w->pad_top && reach_x >= w->pad_left &&
         w->out_height <= w->height + w->pad_top && w->out_width <= w->width + w->pad_left;
}

// The gradient of the result with zeros around it. For stride 1 it is padded so that the gradient of the image is again
// a convolution, with the kernel turned around; for other strides it stands alone.
typedef struct {
  plane plane;
  int before_y, before_x;
} gradient_plane;

static inline gradient_plane gradient_of(const qn_window *w, float *memory) {
  gradient_plane g = {{memory, w->out_height, w->out_width}, 0, 0};
  if (gathers(w)) {
    int reach_y = (w->kernel_height - 1) * w->dilation_y, reach_x = (w->kernel_width - 1) * w->dilation_x;
    g.plane.height = w->height + reach_y;
    g.plane.width = w->width + reach_x;
    g.before_y = reach_y - w->pad_top;
    g.before_x = reach_x - w->pad_left;
  }
  return g;
}

// `normed` and `gated` are constants at every call.
QN_INLINE void read_gradient_vector(const qn_gradient_view *dy, size_t at, size_t c, float *to, int tail, vec_mask mask,
                                    int normed, int gated, qn_activation activation) {
  v_store(to, normed ? gradient_vector(dy, at, c, tail, mask, gated, activation) : load(dy->gradient + at, tail, mask));
}

QN_INLINE void read_gradient_planes(const qn_window *w, const qn_gradient_view *dy, group g, gradient_plane d, int normed,
                                    int gated, qn_activation activation) {
  size_t step = plane_elements(d.plane);
  for (int oy = 0; oy < w->out_height; oy++) {
    size_t at = (size_t)oy * w->out_width * w->channels;
    float *to = pixel(d.plane, oy + d.before_y, d.before_x);
    for (int ox = 0; ox < w->out_width; ox++, at += w->channels, to += v_width) {
      for (int v = 0; v < g.whole; v++) {
        size_t c = g.begin + v * v_width;
        read_gradient_vector(dy, at + c, c, to + v * step, 0, g.mask, normed, gated, activation);
      }
      size_t c = g.begin + g.whole * v_width;
      if (g.tail) read_gradient_vector(dy, at + c, c, to + g.whole * step, 1, g.mask, normed, gated, activation);
    }
  }
}

// Reads the group's channels of the result's gradient into planes from `d` on.
QN_OUTLINE void read_gradient(const qn_window *w, const qn_gradient_view *dy, group g, gradient_plane d) {
  placement a = placed(w->out_height, w->out_width, d.before_y, d.before_x, d.plane);
  for (int v = 0; v < vectors_of(g); v++) clear_border(later(d.plane, v), a);
  if (!dy->slope) {
    read_gradient_planes(w, dy, g, d, 0, 0, qn_identity);
    return;
  }
#define BODY(gated, activation) read_gradient_planes(w, dy, g, d, 1, gated, activation)
#define QN_GATED_BODY(activation) BODY(1, activation)
  QN_FOR_GRADIENT(dy, BODY)
#undef QN_GATED_BODY
#undef BODY
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
  if (ix + 4 <= w->width) {
    gather_pixels(s, g, taps, iy, ix, 4, row);
    ix += 4;
  }
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

// Where the rows of the image's gradient come from: of one vector of channels.
typedef struct {
  const qn_window *window;
  gradient_plane g;
  const float *taps;
  plane image;
  float *row;
} image_gradient;

// A row of the image's gradient; pixels that no window reaches have the gradient 0.
static const float *gradient_row(const image_gradient *source, int iy) {
  const qn_window *w = source->window;
  if (gathers(w)) {
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

QN_INLINE void sink_row(const qn_window *w, const float *row, const qn_gradient_sink *sink, sink_lanes *lanes, size_t at,
                        int tail, vec_mask mask, qn_activation activation) {
  // A copy, as the compiler cannot know that the gradient is not in it.
  sink_lanes sums = *lanes;
  qn_gradient_sink to = *sink;
  size_t next = (size_t)w->width * w->channels;
  for (int ix = 0; ix < w->width; ix++, at += w->channels) {
    // Rows of a group are read and written piecewise; the next row's lines are fetched early.
    __builtin_prefetch(to.gradient + at + next, 1);
    if (to.x) __builtin_prefetch(to.x + at + next);
    sink_vector(&to, &sums, v_load(row + ix * v_width), at, tail, mask, activation);
  }
  *lanes = sums;
}

QN_OUTLINE void give_row(const qn_window *w, const float *row, const qn_gradient_sink *sink, sink_lanes *lanes,
                         size_t at, int tail, vec_mask mask) {
  qn_activation seen = sink->x ? sink->view.activation : qn_identity;
#define WHOLE(activation) sink_row(w, row, sink, lanes, at, 0, mask, activation)
#define TAIL(activation) sink_row(w, row, sink, lanes, at, 1, mask, activation)
  if (tail) {
    QN_FOR_ACTIVATION(seen, TAIL)
  } else {
    QN_FOR_ACTIVATION(seen, WHOLE)
  }
#undef WHOLE
#undef TAIL
}

// Gives the group's channels of the image's gradient, row by row.
static void give_image(const image_gradient *source, const qn_gradient_sink *sink, group g) {
  const qn_window *w = source->window;
  sink_lanes lanes[most_vectors];
  for (int v = 0; v < vectors_of(g); v++) lanes[v] = sink_at(sink, g.begin + v * v_width, v >= g.whole, g.mask);
  for (int iy = 0; iy < w->height; iy++) {
    for (int v = 0; v < vectors_of(g); v++) {
      image_gradient mine = *source;
      mine.g.plane = later(source->g.plane, v);
      mine.image = later(source->image, v);
      mine.taps = source->taps + v * tap_elements(w);
      size_t at = (size_t)iy * w->width * w->channels + g.begin + v * v_width;
      give_row(w, gradient_row(&mine, iy), sink, &lanes[v], at, v >= g.whole, g.mask);
    }
  }
  for (int v = 0; v < vectors_of(g); v++) sink_finish(sink, &lanes[v], g.begin + v * v_width, lanes_in(g, v));
}

// Adds the gradients of the group's taps to the weights' gradient.
static void give_taps(const qn_window *w, plane image, gradient_plane d, float *sums, float *weight_gradient, group g) {
  int count = w->kernel_height * w->kernel_width;
  for (int v = 0; v < vectors_of(g); v++) {
    gradient_plane mine = d;
    mine.plane = later(d.plane, v);
    memset(sums, 0, tap_elements(w) * sizeof(float));
    all_tap_gradients(w, later(image, v), mine, sums);
    for (int t = 0; t < count; t++) {
      float *at = weight_gradient + (size_t)t * w->channels + g.begin + v * v_width;
      vec old = load(at, v >= g.whole, g.mask);
      store(at, v_add(old, v_load(sums + t * v_width)), v >= g.whole, g.mask);
    }
  }
}

static void backward_group(const qn_window *w, const qn_gradient_view *dy, const float *x, const qn_view *view,
                           const float *weights, float *weight_gradient, const qn_gradient_sink *sink, float *scratch,
                           group g) {
  size_t vectors = (size_t)vectors_of(g);
  float *sums = scratch + vectors * tap_elements(w), *row = sums + tap_elements(w);
  plane image = padded_image(w, row + (size_t)w->width * v_width);
  gradient_plane d = gradient_of(w, image.at + vectors * plane_elements(image));
  read_image(w, x, view, g, image);
  read_gradient(w, dy, g, d);
  give_taps(w, image, d, sums, weight_gradient, g);
  if (!sink) return;
  read_taps(w, weights, g, scratch);
  image_gradient source = {w, d, scratch, image, row};
  for (int v = 0; v < vectors_of(g) && !gathers(w); v++) {
    gradient_plane mine = d;
    mine.plane = later(d.plane, v);
    scatter(w, mine, scratch + v * tap_elements(w), later(image, v));
  }
  give_image(&source, sink, g);
}

static void depthwise_backward(const qn_window *w, const qn_gradient_view *dy, const float *x, const qn_view *view,
                               const float *weights, float *weight_gradient, const qn_gradient_sink *sink,
                               float *scratch) {
  int vectors = vectors_per_group(w);
  for (size_t c = 0; c < (size_t)w->channels; c += (size_t)vectors * v_width) {
    backward_group(w, dy, x, view, weights, weight_gradient, sink, scratch, group_at(w, c, vectors));
  }
}
