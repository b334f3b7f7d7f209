// Template: included once per instruction set with KERNEL defined.

// `tail` is a constant at every call, so that whole vectors are moved without masks.
__attribute__((always_inline)) static inline vec load(const float *p, int tail, vec_mask mask) {
  return tail ? v_load_masked(p, mask) : v_load(p);
}

typedef struct {
  const float *scale, *shift;
  qn_activation activation;
} transformation;

__attribute__((always_inline)) static inline void transform(transformation t, const float *x, size_t c,
                                                            const float *residual, float *y, int tail,
                                                            vec_mask mask) {
  vec value = load(x + c, tail, mask);
  if (t.scale) value = v_mul(value, load(t.scale + c, tail, mask));
  if (t.shift) value = v_add(value, load(t.shift + c, tail, mask));
  if (residual) value = v_add(value, load(residual + c, tail, mask));
  value = v_activate(value, t.activation);
  if (tail) {
    v_store_masked(y + c, value, mask);
  } else {
    v_store(y + c, value);
  }
}

void KERNEL(size_t rows, size_t channels, const float *x, size_t x_stride, const float *scale, const float *shift,
            const float *residual, size_t residual_stride, qn_activation activation, float *y, size_t y_stride) {
  transformation t = {scale, shift, activation};
  vec_mask rest = v_first((int)(channels % v_width));
  for (size_t row = 0; row < rows; row++, x += x_stride, y += y_stride) {
    size_t c = 0;
    for (; c + v_width <= channels; c += v_width) transform(t, x, c, residual, y, 0, rest);
    if (c < channels) transform(t, x, c, residual, y, 1, rest);
    if (residual) residual += residual_stride;
  }
}
