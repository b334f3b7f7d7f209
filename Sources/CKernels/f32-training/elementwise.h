// Template: sums and updates over plain arrays.

static void add(size_t count, const float *a, const float *b, float *y) {
  size_t i = 0;
  for (; i + v_width <= count; i += v_width) v_store(y + i, v_add(v_load(a + i), v_load(b + i)));
  for (; i < count; i++) y[i] = a[i] + b[i];
}

static void multiply(size_t count, const float *a, const float *b, float *y) {
  size_t i = 0;
  for (; i + v_width <= count; i += v_width) v_store(y + i, v_mul(v_load(a + i), v_load(b + i)));
  for (; i < count; i++) y[i] = a[i] * b[i];
}

static void column_sums(size_t rows, size_t channels, const float *x, float *sum) {
  for (size_t row = 0; row < rows; row++, x += channels) add(channels, sum, x, sum);
}

static void add_bias(size_t rows, size_t channels, const float *bias, float *y) {
  for (size_t row = 0; row < rows; row++, y += channels) add(channels, y, bias, y);
}

static double square_sum(size_t count, const float *x) {
  double total = 0;
  size_t i = 0;
  while (i + v_width <= count) {
    // Short runs in single precision, their sums in double.
    vec sum = v_zero();
    size_t end = i + 64 * v_width < count - v_width ? i + 64 * v_width : count - v_width;
    for (; i <= end; i += v_width) sum = v_fma(v_load(x + i), v_load(x + i), sum);
    float parts[v_width];
    v_store(parts, sum);
    for (int lane = 0; lane < v_width; lane++) total += (double)parts[lane];
  }
  for (; i < count; i++) total += (double)x[i] * (double)x[i];
  return total;
}

QN_INLINE void sgd_vector(const qn_sgd *s, const float *gradient, float *velocity, float *parameter, int tail,
                          vec_mask mask) {
  vec p = load(parameter, tail, mask);
  vec g = v_fma(p, v_set(s->decay), v_mul(load(gradient, tail, mask), v_set(s->gradient_scale)));
  vec v = v_fma(load(velocity, tail, mask), v_set(s->momentum), g);
  vec step = s->nesterov ? v_fma(v, v_set(s->momentum), g) : v;
  store(velocity, v, tail, mask);
  store(parameter, v_fma(step, v_set(-s->rate), p), tail, mask);
}

static void sgd(size_t count, const qn_sgd *step, const float *gradient, float *velocity, float *parameter) {
  vec_mask mask = v_first((int)(count % v_width));
  size_t i = 0;
  for (; i + v_width <= count; i += v_width) sgd_vector(step, gradient + i, velocity + i, parameter + i, 0, mask);
  if (i < count) sgd_vector(step, gradient + i, velocity + i, parameter + i, 1, mask);
}

static void average(size_t count, float share, const float *parameter, float *averaged) {
  vec_mask mask = v_first((int)(count % v_width));
  vec factor = v_set(share);
#define BODY(c, tail)                                                                                  \
  do {                                                                                                 \
    vec old = load(averaged + c, tail, mask);                                                          \
    store(averaged + c, v_fma(v_sub(load(parameter + c, tail, mask), old), factor, old), tail, mask);  \
  } while (0)
  QN_FOR_CHANNELS(count, BODY);
#undef BODY
}
