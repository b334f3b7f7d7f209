#pragma once

// Activations over the vector vocabulary; included after avx2.h or avx512.h.

// exp(x) by 2^n · p(r) with |r| <= ln(2)/2 and a polynomial of degree 6; relative error below 2e-7 where the result is
// a normal number, clamped outside.
static inline vec v_exp(vec x) {
  x = v_min(v_max(x, v_set(-87.0f)), v_set(88.0f));
  vec n = v_round(v_mul(x, v_set(1.44269504f)));
  // ln(2) in two parts, so that the remainder stays exact.
  vec r = v_fma(n, v_set(-0.693359375f), x);
  r = v_fma(n, v_set(2.12194440e-4f), r);
  vec p = v_set(1.0f / 720);
  p = v_fma(p, r, v_set(1.0f / 120));
  p = v_fma(p, r, v_set(1.0f / 24));
  p = v_fma(p, r, v_set(1.0f / 6));
  p = v_fma(p, r, v_set(0.5f));
  p = v_fma(p, r, v_set(1.0f));
  p = v_fma(p, r, v_set(1.0f));
  return v_mul(p, v_power_of_two(n));
}

static inline vec v_sigmoid(vec x) {
  return v_div(v_set(1), v_add(v_set(1), v_exp(v_sub(v_zero(), x))));
}

static inline vec v_hsigmoid(vec x) {
  return v_min(v_max(v_fma(x, v_set(1.0f / 6), v_set(0.5f)), v_zero()), v_set(1));
}

static inline vec v_activate(vec x, qn_activation activation) {
  switch (activation) {
    case qn_identity: return x;
    case qn_relu: return v_max(x, v_zero());
    case qn_relu6: return v_min(v_max(x, v_zero()), v_set(6));
    case qn_hswish: return v_mul(x, v_hsigmoid(x));
    case qn_hsigmoid: return v_hsigmoid(x);
    case qn_swish: return v_mul(x, v_sigmoid(x));
    case qn_sigmoid: return v_sigmoid(x);
  }
  return x;
}
