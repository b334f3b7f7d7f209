// Template: included once per instruction set with SOFTMAX and LAYERNORM defined.

#include <math.h>

#define INLINE __attribute__((always_inline)) static inline

// The sum and the largest of a vector's lanes.
INLINE float sum_of(vec x) {
  float lanes[v_width], sum = 0;
  v_store(lanes, x);
  for (int i = 0; i < v_width; i++) sum += lanes[i];
  return sum;
}

INLINE float largest_of(vec x) {
  float lanes[v_width];
  v_store(lanes, x);
  float largest = lanes[0];
  for (int i = 1; i < v_width; i++) largest = lanes[i] > largest ? lanes[i] : largest;
  return largest;
}

INLINE void softmax_row(size_t columns, const float *x, float *y) {
  size_t whole = columns - columns % v_width, c;
  vec_mask rest = v_first((int)(columns % v_width));
  vec largest = v_set(x[0]);
  for (c = 0; c < whole; c += v_width) largest = v_max(largest, v_load(x + c));
  float top = largest_of(largest);
  for (; c < columns; c++) top = x[c] > top ? x[c] : top;
  vec shift = v_set(top), sum = v_zero();
  for (c = 0; c < whole; c += v_width) {
    vec e = v_exp(v_sub(v_load(x + c), shift));
    v_store(y + c, e);
    sum = v_add(sum, e);
  }
  float total = sum_of(sum);
  if (c < columns) {
    v_store_masked(y + c, v_exp(v_sub(v_load_masked(x + c, rest), shift)), rest);
    for (size_t i = c; i < columns; i++) total += y[i];
  }
  vec scale = v_set(1 / total);
  for (c = 0; c < whole; c += v_width) v_store(y + c, v_mul(v_load(y + c), scale));
  if (c < columns) v_store_masked(y + c, v_mul(v_load_masked(y + c, rest), scale), rest);
}

INLINE void layernorm_row(size_t columns, const float *x, const float *gain, const float *bias, float epsilon,
                          float *y) {
  size_t whole = columns - columns % v_width, c;
  vec_mask rest = v_first((int)(columns % v_width));
  vec sums = v_zero(), squares = v_zero();
  for (c = 0; c < whole; c += v_width) sums = v_add(sums, v_load(x + c));
  if (c < columns) sums = v_add(sums, v_load_masked(x + c, rest));
  float centre = sum_of(sums) / (float)columns;
  vec mean = v_set(centre);
  for (c = 0; c < whole; c += v_width) {
    vec d = v_sub(v_load(x + c), mean);
    squares = v_fma(d, d, squares);
  }
  float square = sum_of(squares);
  for (; c < columns; c++) square += (x[c] - centre) * (x[c] - centre);
  vec scale = v_set(1 / sqrtf(square / (float)columns + epsilon));
  for (c = 0; c < whole; c += v_width) {
    vec d = v_mul(v_sub(v_load(x + c), mean), scale);
    v_store(y + c, v_fma(d, v_load(gain + c), v_load(bias + c)));
  }
  if (whole < columns) {
    vec d = v_mul(v_sub(v_load_masked(x + c, rest), mean), scale);
    v_store_masked(y + c, v_fma(d, v_load_masked(gain + c, rest), v_load_masked(bias + c, rest)), rest);
  }
}

void SOFTMAX(size_t rows, size_t columns, const float *x, size_t x_stride, float *y, size_t y_stride) {
  for (size_t row = 0; row < rows; row++) softmax_row(columns, x + row * x_stride, y + row * y_stride);
}

void LAYERNORM(size_t rows, size_t columns, const float *x, size_t x_stride, const float *gain, const float *bias,
               float epsilon, float *y, size_t y_stride) {
  for (size_t row = 0; row < rows; row++) {
    layernorm_row(columns, x + row * x_stride, gain, bias, epsilon, y + row * y_stride);
  }
}
