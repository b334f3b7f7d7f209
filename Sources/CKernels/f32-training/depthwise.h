// Template: depthwise convolutions and their backward pass, one image and one vector of channels at a time.
//
// The vector's channels of the image are first read through the view into `scratch`, with the padding written out, so that
// the activation is computed once per pixel and the taps need no borders. Gradients likewise.

// A matrix of vectors.
typedef struct {
  float *at;
  int height, width;
} plane;

QN_INLINE float *pixel(plane p, int y, int x) { return p.at + ((size_t)y * p.width + x) * v_width; }

// The constants of the most frequent windows; for all others the fields of the window.
typedef struct {
  int kernel_height, kernel_width, stride_y, stride_x, dilation_y, dilation_x;
} steps;

static void clear(plane p) { memset(p.at, 0, (size_t)p.height * p.width * v_width * sizeof(float)); }

// The image with zeros around, as the taps see it.
QN_INLINE plane padded_image(const qn_window *w, float *memory) {
  plane p = {memory, (w->out_height - 1) * w->stride_y + (w->kernel_height - 1) * w->dilation_y + 1,
             (w->out_width - 1) * w->stride_x + (w->kernel_width - 1) * w->dilation_x + 1};
  return p;
}

// The part of an extent that a padded one shows: image row y stands at y + before.
typedef struct {
  int begin, end;
} span;

static inline span shown(int extent, int before, int padded) {
  span s = {before < 0 ? -before : 0, extent};
  if (s.end + before > padded) s.end = padded - before;
  if (s.end < s.begin) s.end = s.begin;
  return s;
}

QN_INLINE void read_image(const qn_window *w, const float *x, const qn_view *view, size_t c, plane p, int tail,
                          vec_mask mask, qn_activation activation) {
  view_lanes lanes = lanes_of(view, c, tail, mask);
  span rows = shown(w->height, w->pad_top, p.height), columns = shown(w->width, w->pad_left, p.width);
  if (rows.end - rows.begin < p.height || columns.end - columns.begin < p.width) clear(p);
  for (int iy = rows.begin; iy < rows.end; iy++) {
    const float *from = x + ((size_t)iy * w->width + columns.begin) * w->channels + c;
    float *to = pixel(p, iy + w->pad_top, columns.begin + w->pad_left);
    for (int ix = columns.begin; ix < columns.end; ix++, from += w->channels, to += v_width) {
      __builtin_prefetch(from + (size_t)w->width * w->channels);
      v_store(to, v_activate(argument_of(lanes, load(from, tail, mask)), activation));
    }
  }
}

QN_OUTLINE void read_viewed(const qn_window *w, const float *x, const qn_view *view, size_t c, plane p, int tail,
                            vec_mask mask) {
#define WHOLE(activation) read_image(w, x, view, c, p, 0, mask, activation)
#define TAIL(activation) read_image(w, x, view, c, p, 1, mask, activation)
  if (tail) {
    QN_FOR_ACTIVATION(view->activation, TAIL)
  } else {
    QN_FOR_ACTIVATION(view->activation, WHOLE)
  }
#undef WHOLE
#undef TAIL
}

typedef struct {
  vec centre, first, second;
  int fresh;
} moment_lanes;

// `count` output pixels from (oy, ox) on; `count` and `s` are constants at every call for the usual windows.
QN_INLINE void forward_pixels(const qn_window *w, steps s, plane p, const float *weights, vec bias, float *y,
                              moment_lanes *m, int oy, int ox, int count, int tail, vec_mask mask) {
  vec sums[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++) sums[i] = bias;
  for (int ky = 0; ky < s.kernel_height; ky++) {
    const float *row = pixel(p, oy * s.stride_y + ky * s.dilation_y, ox * s.stride_x);
    for (int kx = 0; kx < s.kernel_width; kx++) {
      vec factor = v_load(weights + (ky * s.kernel_width + kx) * v_width);
#pragma clang loop unroll(full)
      for (int i = 0; i < count; i++) {
        sums[i] = v_fma(v_load(row + (i * s.stride_x + kx * s.dilation_x) * v_width), factor, sums[i]);
      }
    }
  }
  if (m->fresh) m->centre = sums[0], m->fresh = 0;
  float *to = y + ((size_t)oy * w->out_width + ox) * w->channels;
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++, to += w->channels) {
    __builtin_prefetch(to + (size_t)w->out_width * w->channels, 1);
    store(to, sums[i], tail, mask);
    vec value = v_sub(sums[i], m->centre);
    m->first = v_add(m->first, value);
    m->second = v_fma(value, value, m->second);
  }
}

QN_INLINE void forward_plane(const qn_window *w, steps s, plane p, const float *weights, vec bias, float *y,
                             moment_lanes *m, int tail, vec_mask mask) {
  for (int oy = 0; oy < w->out_height; oy++) {
    int ox = 0;
    for (; ox + 8 <= w->out_width; ox += 8) forward_pixels(w, s, p, weights, bias, y, m, oy, ox, 8, tail, mask);
    for (; ox + 2 <= w->out_width; ox += 2) forward_pixels(w, s, p, weights, bias, y, m, oy, ox, 2, tail, mask);
    if (ox < w->out_width) forward_pixels(w, s, p, weights, bias, y, m, oy, ox, 1, tail, mask);
  }
}

static inline steps steps_of(const qn_window *w) {
  steps s = {w->kernel_height, w->kernel_width, w->stride_y, w->stride_x, w->dilation_y, w->dilation_x};
  return s;
}

// Whether a window is square and undilated with this kernel and stride.
static inline int is_square(const qn_window *w, int kernel, int stride) {
  return w->kernel_height == kernel && w->kernel_width == kernel && w->stride_y == stride && w->stride_x == stride &&
         w->dilation_y == 1 && w->dilation_x == 1;
}

// Calls `body` with the steps as constants where the window is a usual one.
#define QN_FOR_WINDOW(w, body)                            \
  do {                                                    \
    steps k3 = {3, 3, 1, 1, 1, 1}, k3s2 = {3, 3, 2, 2, 1, 1}; \
    steps k5 = {5, 5, 1, 1, 1, 1}, k5s2 = {5, 5, 2, 2, 1, 1}; \
    steps k7 = {7, 7, 1, 1, 1, 1};                        \
    if (is_square(w, 3, 1)) {                             \
      body(k3);                                           \
    } else if (is_square(w, 5, 1)) {                      \
      body(k5);                                           \
    } else if (is_square(w, 7, 1)) {                      \
      body(k7);                                           \
    } else if (is_square(w, 3, 2)) {                      \
      body(k3s2);                                         \
    } else if (is_square(w, 5, 2)) {                      \
      body(k5s2);                                         \
    } else {                                              \
      body(steps_of(w));                                  \
    }                                                     \
  } while (0)

// The taps of one vector of channels, one after the other.
QN_INLINE void read_taps(const qn_window *w, const float *weights, size_t c, float *taps, int tail, vec_mask mask) {
  int count = w->kernel_height * w->kernel_width;
  for (int t = 0; t < count; t++) v_store(taps + t * v_width, load(weights + (size_t)t * w->channels + c, tail, mask));
}

static inline size_t tap_elements(const qn_window *w) { return (size_t)w->kernel_height * w->kernel_width * v_width; }

QN_INLINE void forward_lanes(const qn_window *w, const float *x, const qn_view *view, const float *weights,
                             const float *bias, float *y, const qn_moments *moments, float *scratch, size_t c,
                             int tail, vec_mask mask) {
  float *taps = scratch;
  plane p = padded_image(w, scratch + tap_elements(w));
  read_taps(w, weights, c, taps, tail, mask);
  read_viewed(w, x, view, c, p, tail, mask);
  vec start = bias ? load(bias + c, tail, mask) : v_zero();
  moment_lanes m = {v_zero(), v_zero(), v_zero(), 0};
  if (moments->first) {
    m.fresh = moments->fresh;
    if (!m.fresh) m.centre = load(moments->centre + c, tail, mask);
  }
#define BODY(s) forward_plane(w, s, p, taps, start, y + c, &m, tail, mask)
  QN_FOR_WINDOW(w, BODY);
#undef BODY
  if (!moments->first) return;
  if (moments->fresh) store(moments->centre + c, m.centre, tail, mask);
  int count = tail ? (int)(w->channels - c) : v_width;
  add_to_totals(moments->first + c, m.first, count);
  add_to_totals(moments->second + c, m.second, count);
}

static void forward_whole(const qn_window *w, const float *x, const qn_view *view, const float *weights,
                          const float *bias, float *y, const qn_moments *moments, float *scratch, size_t c) {
  forward_lanes(w, x, view, weights, bias, y, moments, scratch, c, 0, v_first(0));
}

static void forward_tail(const qn_window *w, const float *x, const qn_view *view, const float *weights,
                         const float *bias, float *y, const qn_moments *moments, float *scratch, size_t c) {
  forward_lanes(w, x, view, weights, bias, y, moments, scratch, c, 1, v_first((int)(w->channels - c)));
}

static void depthwise(const qn_window *w, const float *x, const qn_view *view, const float *weights, const float *bias,
                      float *y, const qn_moments *moments, float *scratch) {
  size_t channels = (size_t)w->channels, c = 0;
  for (; c + v_width <= channels; c += v_width) forward_whole(w, x, view, weights, bias, y, moments, scratch, c);
  if (c < channels) forward_tail(w, x, view, weights, bias, y, moments, scratch, c);
}
