// Template: reading through views, sums over rows, and gradients through views.

// Runs `body(c, tail)` for every vector of channels.
#define QN_FOR_CHANNELS(channels, body)                                                            \
  do {                                                                                             \
    size_t c = 0;                                                                                  \
    for (; c + v_width <= (channels); c += v_width) body(c, 0);                                    \
    if (c < (channels)) body(c, 1);                                                                \
  } while (0)

QN_INLINE void load_rows(size_t rows, size_t channels, const float *x, const qn_view *view, const float *gate, float *y,
                         qn_activation activation) {
  vec_mask mask = v_first((int)(channels % v_width));
  for (size_t row = 0; row < rows; row++, x += channels, y += channels) {
#define BODY(c, tail)                                                                   \
  do {                                                                                  \
    view_lanes lanes = lanes_of(view, c, tail, mask);                                   \
    vec value = v_activate(argument_of(lanes, load(x + c, tail, mask)), activation);    \
    if (gate) value = v_mul(value, load(gate + c, tail, mask));                         \
    store(y + c, value, tail, mask);                                                    \
  } while (0)
    QN_FOR_CHANNELS(channels, BODY);
#undef BODY
  }
}

static void load_view(size_t rows, size_t channels, const float *x, const qn_view *view, const float *gate, float *y) {
#define BODY(activation) load_rows(rows, channels, x, view, gate, y, activation)
  QN_FOR_ACTIVATION(view->activation, BODY)
#undef BODY
}

QN_INLINE void add_moments(size_t rows, size_t channels, const float *x, const qn_moments *m, size_t c, int tail,
                           vec_mask mask) {
  vec centre = load(m->centre + c, tail, mask);
  vec first[2] = {v_zero(), v_zero()}, second[2] = {v_zero(), v_zero()};
  size_t row = 0;
  for (x += c; row + 2 <= rows; row += 2) {
#pragma clang loop unroll(full)
    for (int i = 0; i < 2; i++, x += channels) {
      vec value = v_sub(load(x, tail, mask), centre);
      first[i] = v_add(first[i], value);
      second[i] = v_fma(value, value, second[i]);
    }
  }
  if (row < rows) {
    vec value = v_sub(load(x, tail, mask), centre);
    first[0] = v_add(first[0], value);
    second[0] = v_fma(value, value, second[0]);
  }
  int count = tail ? (int)(channels - c) : v_width;
  add_to_totals(m->first + c, v_add(first[0], first[1]), count);
  add_to_totals(m->second + c, v_add(second[0], second[1]), count);
}

static void moments(size_t rows, size_t channels, const float *x, const qn_moments *m) {
  if (rows == 0) return;
  if (m->fresh) memcpy(m->centre, x, channels * sizeof(float));
  vec_mask mask = v_first((int)(channels % v_width));
#define BODY(c, tail) add_moments(rows, channels, x, m, c, tail, mask)
  QN_FOR_CHANNELS(channels, BODY);
#undef BODY
}

QN_INLINE void means_of(size_t rows, size_t channels, const float *x, const qn_view *view, float factor, float *y,
                        qn_activation activation) {
  vec_mask mask = v_first((int)(channels % v_width));
#define BODY(c, tail)                                                                            \
  do {                                                                                           \
    view_lanes lanes = lanes_of(view, c, tail, mask);                                            \
    vec sum = v_zero();                                                                          \
    for (size_t row = 0; row < rows; row++) {                                                    \
      vec value = v_activate(argument_of(lanes, load(x + row * channels + c, tail, mask)), activation); \
      sum = v_add(sum, value);                                                                   \
    }                                                                                            \
    store(y + c, v_mul(sum, v_set(factor)), tail, mask);                                         \
  } while (0)
  QN_FOR_CHANNELS(channels, BODY);
#undef BODY
}

static void column_means(size_t rows, size_t channels, const float *x, const qn_view *view, float factor, float *y) {
#define BODY(activation) means_of(rows, channels, x, view, factor, y, activation)
  QN_FOR_ACTIVATION(view->activation, BODY)
#undef BODY
}

// One vector of a gradient view with batch norm; `gated` is a constant at every call.
QN_INLINE vec gradient_vector(const qn_gradient_view *view, size_t at, size_t c, int tail, vec_mask mask, int gated,
                              qn_activation activation) {
  vec value = load(view->gradient + at, tail, mask), x = load(view->x + at, tail, mask);
  if (gated) {
    vec argument = argument_of(lanes_of(&view->view, c, tail, mask), x);
    value = v_fma(value, load(view->factor + c, tail, mask), load(view->constant + c, tail, mask));
    value = v_mul(value, v_derivative(argument, activation));
  }
  vec rest = v_fma(x, load(view->tilt + c, tail, mask), load(view->offset + c, tail, mask));
  return v_fma(value, load(view->slope + c, tail, mask), rest);
}

// Calls `body(gated, activation)` with constants.
#define QN_FOR_GRADIENT(source, body)                            \
  if (!(source)->factor) {                                       \
    body(0, qn_identity);                                        \
  } else {                                                       \
    QN_FOR_ACTIVATION((source)->view.activation, QN_GATED_BODY)  \
  }

QN_INLINE void load_gradient_rows(size_t rows, size_t channels, const qn_gradient_view *view, float *y, int gated,
                                  qn_activation activation) {
  vec_mask mask = v_first((int)(channels % v_width));
  for (size_t row = 0, at = 0; row < rows; row++, at += channels) {
#define BODY(c, tail) \
  store(y + at + c, gradient_vector(view, at + c, c, tail, mask, gated, activation), tail, mask)
    QN_FOR_CHANNELS(channels, BODY);
#undef BODY
  }
}

static void load_gradient(size_t rows, size_t channels, const qn_gradient_view *view, float *y) {
#define BODY(gated, activation) load_gradient_rows(rows, channels, view, y, gated, activation)
#define QN_GATED_BODY(activation) BODY(1, activation)
  QN_FOR_GRADIENT(view, BODY)
#undef QN_GATED_BODY
#undef BODY
}

// What a sink does to one vector of gradients before it is stored, and its running sums.
typedef struct {
  view_lanes lanes;
  vec centre, first, second;
} sink_lanes;

QN_INLINE sink_lanes sink_at(const qn_gradient_sink *sink, size_t c, int tail, vec_mask mask) {
  sink_lanes lanes = {{v_set(1), v_zero(), 0}, v_zero(), v_zero(), v_zero()};
  if (sink->x) lanes.lanes = lanes_of(&sink->view, c, tail, mask);
  if (sink->moments.first) lanes.centre = load(sink->moments.centre + c, tail, mask);
  return lanes;
}

QN_INLINE void sink_vector(const qn_gradient_sink *sink, sink_lanes *lanes, vec value, size_t at, int tail,
                           vec_mask mask, qn_activation activation) {
  if (sink->accumulate) value = v_add(value, load(sink->gradient + at, tail, mask));
  if (sink->x) {
    vec x = load(sink->x + at, tail, mask);
    if (activation != qn_identity) value = v_mul(value, v_derivative(argument_of(lanes->lanes, x), activation));
    lanes->first = v_add(lanes->first, value);
    lanes->second = v_fma(value, v_sub(x, lanes->centre), lanes->second);
  }
  store(sink->gradient + at, value, tail, mask);
}

QN_INLINE void sink_finish(const qn_gradient_sink *sink, const sink_lanes *lanes, size_t c, int count) {
  if (!sink->moments.first) return;
  add_to_totals(sink->moments.first + c, lanes->first, count);
  add_to_totals(sink->moments.second + c, lanes->second, count);
}

QN_INLINE void give_rows(size_t rows, size_t channels, const float *source, const float *multiplier,
                         const float *constant, const qn_gradient_sink *sink, qn_activation activation) {
  vec_mask mask = v_first((int)(channels % v_width));
#define BODY(c, tail)                                                                        \
  do {                                                                                       \
    sink_lanes lanes = sink_at(sink, c, tail, mask);                                         \
    vec factor = multiplier ? load(multiplier + c, tail, mask) : v_set(1);                   \
    vec offset = constant ? load(constant + c, tail, mask) : v_zero();                       \
    size_t at = c;                                                                           \
    for (size_t row = 0; row < rows; row++, at += channels) {                                \
      vec value = source ? v_fma(load(source + at, tail, mask), factor, offset) : offset;    \
      sink_vector(sink, &lanes, value, at, tail, mask, activation);                          \
    }                                                                                        \
    sink_finish(sink, &lanes, c, tail ? (int)(channels - c) : v_width);                      \
  } while (0)
  QN_FOR_CHANNELS(channels, BODY);
#undef BODY
}

static void give(size_t rows, size_t channels, const float *source, const float *multiplier, const float *constant,
                 const qn_gradient_sink *sink) {
  qn_activation seen = sink->x ? sink->view.activation : qn_identity;
#define BODY(activation) give_rows(rows, channels, source, multiplier, constant, sink, activation)
  QN_FOR_ACTIVATION(seen, BODY)
#undef BODY
}

QN_INLINE void gate_rows(size_t rows, size_t channels, const float *x, const qn_view *view, const float *dy,
                         float *gradient, qn_activation activation) {
  vec_mask mask = v_first((int)(channels % v_width));
#define BODY(c, tail)                                                                        \
  do {                                                                                       \
    view_lanes lanes = lanes_of(view, c, tail, mask);                                        \
    vec sum = load(gradient + c, tail, mask);                                                \
    size_t at = c;                                                                           \
    for (size_t row = 0; row < rows; row++, at += channels) {                                \
      vec value = v_activate(argument_of(lanes, load(x + at, tail, mask)), activation);      \
      sum = v_fma(load(dy + at, tail, mask), value, sum);                                    \
    }                                                                                        \
    store(gradient + c, sum, tail, mask);                                                    \
  } while (0)
  QN_FOR_CHANNELS(channels, BODY);
#undef BODY
}

static void gate_gradient(size_t rows, size_t channels, const float *x, const qn_view *view, const float *dy,
                          float *gradient) {
#define BODY(activation) gate_rows(rows, channels, x, view, dy, gradient, activation)
  QN_FOR_ACTIVATION(view->activation, BODY)
#undef BODY
}

QN_INLINE void add_to_sums(float *sums, vec more, int tail, vec_mask mask) {
  store(sums, v_add(load(sums, tail, mask), more), tail, mask);
}

QN_INLINE void give_gated_vector(size_t rows, size_t channels, const float *source, const qn_gated_sink *sink, size_t c,
                                 int tail, vec_mask mask, qn_activation activation) {
  view_lanes lanes = lanes_of(&sink->view, c, tail, mask);
  vec centre = load(sink->centre + c, tail, mask);
  vec sums[5] = {v_zero(), v_zero(), v_zero(), v_zero(), v_zero()};
  size_t at = c;
  for (size_t row = 0; row < rows; row++, at += channels) {
    vec g = load(source + at, tail, mask), x = load(sink->x + at, tail, mask);
    vec argument = argument_of(lanes, x), slope = v_derivative(argument, activation), offset = v_sub(x, centre);
    vec product = v_mul(g, slope);
    sums[0] = v_fma(g, v_activate(argument, activation), sums[0]);
    sums[1] = v_add(sums[1], product);
    sums[2] = v_fma(product, offset, sums[2]);
    sums[3] = v_add(sums[3], slope);
    sums[4] = v_fma(slope, offset, sums[4]);
    store(sink->gradient + at, g, tail, mask);
  }
  for (int i = 0; i < 5; i++) add_to_sums(sink->sums + i * sink->stride + c, sums[i], tail, mask);
}

static void give_gated(size_t rows, size_t channels, const float *source, const qn_gated_sink *sink) {
  vec_mask mask = v_first((int)(channels % v_width));
#define VECTOR(c, tail) give_gated_vector(rows, channels, source, sink, c, tail, mask, activation)
#define BODY(constant)                         \
  {                                            \
    const qn_activation activation = constant; \
    QN_FOR_CHANNELS(channels, VECTOR);         \
  }
  QN_FOR_ACTIVATION(sink->view.activation, BODY)
#undef BODY
#undef VECTOR
}
