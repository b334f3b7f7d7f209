#pragma once

// Activations over the vector vocabulary; included after avx2.h or avx512.h.

// exp(x) by 2^n · p(r) with |r| <= ln(2)/2 and the polynomial 1 + r + r² q(r) of degree 5 that has the least relative
// error, 1.1e-7; with the rounding, below 4e-7 where the result is a normal number. Clamped outside.
static inline vec v_exp(vec x) {
  x = v_min(v_max(x, v_set(-87.0f)), v_set(88.0f));
  vec n = v_round(v_mul(x, v_set(1.44269504f)));
  // ln(2) in two parts, so that the remainder stays exact.
  vec r = v_fma(n, v_set(-0.693359375f), x);
  r = v_fma(n, v_set(2.12194440e-4f), r);
  vec q = v_set(8.3125001e-3f);
  q = v_fma(q, r, v_set(4.1890330e-2f));
  q = v_fma(q, r, v_set(1.6667115e-1f));
  q = v_fma(q, r, v_set(4.9999230e-1f));
  q = v_fma(q, r, v_set(1.0f));
  return v_scale(v_fma(q, r, v_set(1.0f)), n);
}

static inline vec v_sigmoid(vec x) {
  return v_reciprocal(v_add(v_set(1), v_exp(v_sub(v_zero(), x))));
}

static inline vec v_hsigmoid(vec x) {
  return v_min(v_max(v_fma(x, v_set(1.0f / 6), v_set(0.5f)), v_zero()), v_set(1));
}

static inline vec v_hswish(vec x) { return v_mul(x, v_hsigmoid(x)); }

static inline vec v_swish(vec x) { return v_mul(x, v_sigmoid(x)); }

// x · Φ(x) = max(x, 0) − |x|/2 · erfc(|x|/√2), with erfc(z) = exp(−z²) · t · p(t) and t = 1 / (1 + 0.3275911 · z)
// (Abramowitz and Stegun, 7.1.26; error below 1.5e-7). In this form nothing cancels far below zero.
static inline vec v_gelu(vec x) {
  vec size = v_max(x, v_sub(v_zero(), x));
  vec z = v_mul(size, v_set(0.70710678f));
  vec t = v_reciprocal(v_fma(z, v_set(0.3275911f), v_set(1)));
  vec p = v_set(1.061405429f);
  p = v_fma(p, t, v_set(-1.453152027f));
  p = v_fma(p, t, v_set(1.421413741f));
  p = v_fma(p, t, v_set(-0.284496736f));
  p = v_fma(p, t, v_set(0.254829592f));
  vec rest = v_mul(v_mul(p, t), v_exp(v_sub(v_zero(), v_mul(z, z))));
  return v_sub(v_max(x, v_zero()), v_mul(v_mul(size, v_set(0.5f)), rest));
}

static inline vec v_gelu_tanh(vec x) {
  vec inner = v_mul(x, v_fma(v_mul(x, x), v_set(0.044715f * 1.59576912f), v_set(1.59576912f)));
  return v_mul(x, v_sigmoid(inner));
}

static inline vec v_tanh(vec x) {
  return v_fma(v_set(2), v_sigmoid(v_add(x, x)), v_set(-1));
}

static inline vec v_activate(vec x, qn_activation activation) {
  switch (activation) {
    case qn_identity: return x;
    case qn_relu: return v_max(x, v_zero());
    case qn_relu6: return v_min(v_max(x, v_zero()), v_set(6));
    case qn_hswish: return v_hswish(x);
    case qn_hsigmoid: return v_hsigmoid(x);
    case qn_swish: return v_swish(x);
    case qn_sigmoid: return v_sigmoid(x);
    case qn_gelu: return v_gelu(x);
    case qn_gelu_tanh: return v_gelu_tanh(x);
    case qn_tanh: return v_tanh(x);
  }
  return x;
}

// Activates `count` numbers where they lie; `rest` holds the lanes of the last vector where it is not full. A loop per
// activation, so that nothing is decided inside.
static inline void v_activate_all(float *y, size_t count, vec_mask rest, qn_activation activation) {
  size_t whole = count / v_width * v_width;
#define ACTIVATE(function)                                                        \
  for (size_t i = 0; i < whole; i += v_width) v_store(y + i, function(v_load(y + i))); \
  if (whole < count) v_store_masked(y + whole, function(v_load_masked(y + whole, rest)), rest)
  switch (activation) {
    case qn_hswish: ACTIVATE(v_hswish); break;
    case qn_hsigmoid: ACTIVATE(v_hsigmoid); break;
    case qn_swish: ACTIVATE(v_swish); break;
    case qn_sigmoid: ACTIVATE(v_sigmoid); break;
    case qn_gelu: ACTIVATE(v_gelu); break;
    case qn_gelu_tanh: ACTIVATE(v_gelu_tanh); break;
    case qn_tanh: ACTIVATE(v_tanh); break;
    case qn_identity:
    case qn_relu:
    case qn_relu6: break;
  }
#undef ACTIVATE
}
