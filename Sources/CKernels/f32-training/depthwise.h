// Template: depthwise convolutions, one image and one group of channels at a time.
//
// The image is first read through the view into planes of one vector of channels each, with the padding written out, so
// that the activation is computed once per pixel and the taps need no borders.

#include "depthwise-scratch.h"

// A matrix of vectors.
typedef struct {
  float *at;
  int height, width;
} plane;

QN_INLINE size_t plane_elements(plane p) { return (size_t)p.height * p.width * v_width; }
QN_INLINE float *pixel(plane p, int y, int x) { return p.at + ((size_t)y * p.width + x) * v_width; }
static void clear(plane p) { memset(p.at, 0, plane_elements(p) * sizeof(float)); }

// The next of planes that lie one after the other.
QN_INLINE plane later(plane p, int count) {
  p.at += count * plane_elements(p);
  return p;
}

// A run of channels: `whole` vectors from channel `begin` on, and perhaps an incomplete one.
typedef struct {
  size_t begin;
  int whole, tail;
  vec_mask mask;
} group;

enum { most_vectors = 32 };

QN_INLINE int vectors_of(group g) { return g.whole + (g.tail > 0); }
QN_INLINE int lanes_in(group g, int v) { return v < g.whole ? v_width : g.tail; }

// The vectors in each group: as many as the scratch memory holds, spread evenly.
static int vectors_per_group(const qn_window *w) {
  int fit = (int)(qn_depthwise_budget / (v_width * qn_depthwise_channel_elements(w)));
  if (fit > most_vectors) fit = most_vectors;
  if (fit < 1) fit = 1;
  int all = (w->channels + v_width - 1) / v_width, groups = (all + fit - 1) / fit;
  return (all + groups - 1) / groups;
}

static group group_at(const qn_window *w, size_t begin, int vectors) {
  int left = w->channels - (int)begin, whole = left / v_width;
  group g = {begin, vectors, 0, v_first(0)};
  if (whole < vectors) {
    g.whole = whole;
    g.tail = left % v_width;
    g.mask = v_first(g.tail);
  }
  return g;
}

// The constants of the most frequent windows; for all others the fields of the window.
typedef struct {
  int kernel_height, kernel_width, stride_y, stride_x, dilation_y, dilation_x;
} steps;

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
#define QN_FOR_WINDOW(w, body)                                    \
  do {                                                            \
    const steps k3 = {3, 3, 1, 1, 1, 1}, k3s2 = {3, 3, 2, 2, 1, 1}; \
    const steps k5 = {5, 5, 1, 1, 1, 1}, k5s2 = {5, 5, 2, 2, 1, 1}; \
    const steps k7 = {7, 7, 1, 1, 1, 1};                          \
    if (is_square(w, 3, 1)) {                                     \
      body(k3);                                                   \
    } else if (is_square(w, 5, 1)) {                              \
      body(k5);                                                   \
    } else if (is_square(w, 7, 1)) {                              \
      body(k7);                                                   \
    } else if (is_square(w, 3, 2)) {                              \
      body(k3s2);                                                 \
    } else if (is_square(w, 5, 2)) {                              \
      body(k5s2);                                                 \
    } else {                                                      \
      body(steps_of(w));                                          \
    }                                                             \
  } while (0)

// The image with zeros around, as the taps see it.
QN_INLINE plane padded_image(const qn_window *w, float *memory) {
  plane p = {memory, (w->out_height - 1) * w->stride_y + (w->kernel_height - 1) * w->dilation_y + 1,
             (w->out_width - 1) * w->stride_x + (w->kernel_width - 1) * w->dilation_x + 1};
  return p;
}

// A matrix inside a plane: element (y, x) stands at (y + before_y, x + before_x); what falls outside is not shown.
typedef struct {
  int before_y, before_x, top, bottom, left, right;
} placement;

static placement placed(int height, int width, int before_y, int before_x, plane p) {
  placement a = {before_y, before_x, before_y < 0 ? -before_y : 0, height, before_x < 0 ? -before_x : 0, width};
  if (a.bottom + before_y > p.height) a.bottom = p.height - before_y;
  if (a.right + before_x > p.width) a.right = p.width - before_x;
  if (a.bottom < a.top) a.bottom = a.top;
  if (a.right < a.left) a.right = a.left;
  return a;
}

static void clear_pixels(plane p, int y, int begin, int end) {
  if (begin < end) memset(pixel(p, y, begin), 0, (size_t)(end - begin) * v_width * sizeof(float));
}

// Zeros around what is placed in the plane.
static void clear_border(plane p, placement a) {
  for (int y = 0; y < p.height; y++) {
    int inside = y >= a.top + a.before_y && y < a.bottom + a.before_y;
    clear_pixels(p, y, 0, inside ? a.left + a.before_x : p.width);
    if (inside) clear_pixels(p, y, a.right + a.before_x, p.width);
  }
}

QN_INLINE void read_vector(const float *x, const qn_view *view, size_t c, float *to, int tail, vec_mask mask,
                           qn_activation activation) {
  view_lanes lanes = lanes_of(view, c, tail, mask);
  v_store(to, v_activate(argument_of(lanes, load(x + c, tail, mask)), activation));
}

QN_INLINE void read_planes(const qn_window *w, const float *x, const qn_view *view, group g, plane p, placement a,
                           qn_activation activation) {
  size_t step = plane_elements(p);
  for (int iy = a.top; iy < a.bottom; iy++) {
    const float *from = x + ((size_t)iy * w->width + a.left) * w->channels;
    float *to = pixel(p, iy + a.before_y, a.left + a.before_x);
    for (int ix = a.left; ix < a.right; ix++, from += w->channels, to += v_width) {
      for (int v = 0; v < g.whole; v++) {
        read_vector(from, view, g.begin + v * v_width, to + v * step, 0, g.mask, activation);
      }
      if (g.tail) {
        read_vector(from, view, g.begin + g.whole * v_width, to + g.whole * step, 1, g.mask, activation);
      }
    }
  }
}

// Reads the group's channels of an image through the view into planes from `p` on.
QN_OUTLINE void read_image(const qn_window *w, const float *x, const qn_view *view, group g, plane p) {
  placement a = placed(w->height, w->width, w->pad_top, w->pad_left, p);
  for (int v = 0; v < vectors_of(g); v++) clear_border(later(p, v), a);
#define BODY(activation) read_planes(w, x, view, g, p, a, activation)
  QN_FOR_ACTIVATION(view->activation, BODY)
#undef BODY
}

// The taps of the group, vector after vector.
static void read_taps(const qn_window *w, const float *weights, group g, float *taps) {
  int count = w->kernel_height * w->kernel_width;
  for (int v = 0; v < vectors_of(g); v++) {
    for (int t = 0; t < count; t++, taps += v_width) {
      v_store(taps, load(weights + (size_t)t * w->channels + g.begin + v * v_width, v >= g.whole, g.mask));
    }
  }
}

static inline size_t tap_elements(const qn_window *w) { return (size_t)w->kernel_height * w->kernel_width * v_width; }

typedef struct {
  vec centre, first, second;
  int fresh;
} moment_lanes;

// `count` output pixels from (oy, ox) on; `count` and `s` are constants at every call for the usual windows.
QN_INLINE void forward_pixels(const qn_window *w, steps s, plane p, const float *taps, vec bias, float *y,
                              moment_lanes *m, int oy, int ox, int count, int tail, vec_mask mask) {
  vec sums[8];
#pragma clang loop unroll(full)
  for (int i = 0; i < count; i++) sums[i] = bias;
  for (int ky = 0; ky < s.kernel_height; ky++) {
    const float *row = pixel(p, oy * s.stride_y + ky * s.dilation_y, ox * s.stride_x);
    for (int kx = 0; kx < s.kernel_width; kx++) {
      vec factor = v_load(taps + (ky * s.kernel_width + kx) * v_width);
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
    // Rows of a group are written piecewise; the next row's lines are fetched early.
    __builtin_prefetch(to + (size_t)w->out_width * w->channels, 1);
    store(to, sums[i], tail, mask);
    vec value = v_sub(sums[i], m->centre);
    m->first = v_add(m->first, value);
    m->second = v_fma(value, value, m->second);
  }
}

QN_INLINE void forward_steps(const qn_window *w, steps s, plane p, const float *taps, vec bias, float *y,
                             moment_lanes *m, int oy, int tail, vec_mask mask) {
  int ox = 0;
  for (; ox + 8 <= w->out_width; ox += 8) forward_pixels(w, s, p, taps, bias, y, m, oy, ox, 8, tail, mask);
  if (ox + 4 <= w->out_width) {
    forward_pixels(w, s, p, taps, bias, y, m, oy, ox, 4, tail, mask);
    ox += 4;
  }
  for (; ox + 2 <= w->out_width; ox += 2) forward_pixels(w, s, p, taps, bias, y, m, oy, ox, 2, tail, mask);
  if (ox < w->out_width) forward_pixels(w, s, p, taps, bias, y, m, oy, ox, 1, tail, mask);
}

// One row of the output for one vector of channels.
QN_OUTLINE void forward_row(const qn_window *w, plane p, const float *taps, vec bias, float *y, moment_lanes *moments,
                            int oy, int tail, vec_mask mask) {
  // A copy, as the compiler cannot know that `y` is not in it.
  moment_lanes m = *moments;
#define WHOLE(s) forward_steps(w, s, p, taps, bias, y, &m, oy, 0, mask)
#define TAIL(s) forward_steps(w, s, p, taps, bias, y, &m, oy, 1, mask)
  if (tail) {
    QN_FOR_WINDOW(w, TAIL);
  } else {
    QN_FOR_WINDOW(w, WHOLE);
  }
#undef WHOLE
#undef TAIL
  *moments = m;
}

static void forward_group(const qn_window *w, const float *x, const qn_view *view, const float *weights,
                          const float *bias, float *y, const qn_moments *moments, float *scratch, group g) {
  plane p = padded_image(w, scratch + vectors_of(g) * tap_elements(w));
  read_taps(w, weights, g, scratch);
  read_image(w, x, view, g, p);
  moment_lanes m[most_vectors];
  int takes_moments = moments->first != 0;
  for (int v = 0; v < vectors_of(g); v++) {
    int known = takes_moments && !moments->fresh, tail = v >= g.whole;
    moment_lanes start = {v_zero(), v_zero(), v_zero(), takes_moments && moments->fresh};
    m[v] = start;
    if (known) m[v].centre = load(moments->centre + g.begin + v * v_width, tail, g.mask);
  }
  for (int oy = 0; oy < w->out_height; oy++) {
    for (int v = 0; v < vectors_of(g); v++) {
      size_t c = g.begin + v * v_width;
      vec start = bias ? load(bias + c, v >= g.whole, g.mask) : v_zero();
      forward_row(w, later(p, v), scratch + v * tap_elements(w), start, y + c, &m[v], oy, v >= g.whole, g.mask);
    }
  }
  if (!takes_moments) return;
  for (int v = 0; v < vectors_of(g); v++) {
    size_t c = g.begin + v * v_width;
    store(moments->centre + c, m[v].centre, v >= g.whole, g.mask);
    add_to_totals(moments->first + c, m[v].first, lanes_in(g, v));
    add_to_totals(moments->second + c, m[v].second, lanes_in(g, v));
  }
}

static void depthwise(const qn_window *w, const float *x, const qn_view *view, const float *weights, const float *bias,
                      float *y, const qn_moments *moments, float *scratch) {
  int vectors = vectors_per_group(w);
  for (size_t c = 0; c < (size_t)w->channels; c += (size_t)vectors * v_width) {
    forward_group(w, x, view, weights, bias, y, moments, scratch, group_at(w, c, vectors));
  }
}
