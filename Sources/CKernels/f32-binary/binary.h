// Template: included once per instruction set with KERNEL defined.

#include "scalar.h"

#define INLINE __attribute__((always_inline)) static inline

INLINE vec combine(qn_binary operation, vec a, vec b) {
  switch (operation) {
    case qn_add: return v_add(a, b);
    case qn_subtract: return v_sub(a, b);
    case qn_multiply: return v_mul(a, b);
    case qn_divide: return v_div(a, b);
    case qn_maximum: return v_max(a, b);
    case qn_minimum: return v_min(a, b);
  }
  return a;
}

// `operation` is a constant at every call.
INLINE void run(qn_binary operation, size_t count, const float *a, size_t a_step, const float *b, size_t b_step,
                float *y) {
  size_t i = 0;
  if (a_step <= 1 && b_step <= 1) {
    vec first = v_set(a[0]), second = v_set(b[0]);
    for (; i + v_width <= count; i += v_width) {
      vec left = a_step ? v_load(a + i) : first, right = b_step ? v_load(b + i) : second;
      v_store(y + i, combine(operation, left, right));
    }
  }
  for (; i < count; i++) y[i] = qn_combine(operation, a[i * a_step], b[i * b_step]);
}

void KERNEL(qn_binary operation, size_t count, const float *a, size_t a_step, const float *b, size_t b_step,
            float *y) {
  if (count == 0) return;
  switch (operation) {
    case qn_add: return run(qn_add, count, a, a_step, b, b_step, y);
    case qn_subtract: return run(qn_subtract, count, a, a_step, b, b_step, y);
    case qn_multiply: return run(qn_multiply, count, a, a_step, b, b_step, y);
    case qn_divide: return run(qn_divide, count, a, a_step, b, b_step, y);
    case qn_maximum: return run(qn_maximum, count, a, a_step, b, b_step, y);
    case qn_minimum: return run(qn_minimum, count, a, a_step, b, b_step, y);
  }
}
