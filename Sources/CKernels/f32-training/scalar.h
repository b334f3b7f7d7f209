#pragma once

// The vector vocabulary with vectors of one element: plain C, the reference of the others. See ../simd/avx2.h.

#include <math.h>

enum { v_width = 1 };
typedef float vec;
typedef int vec_mask;

static inline vec v_zero(void) { return 0; }
static inline vec v_set(float x) { return x; }
static inline vec v_load(const float *p) { return *p; }
static inline void v_store(float *p, vec x) { *p = x; }
static inline vec v_add(vec a, vec b) { return a + b; }
static inline vec v_sub(vec a, vec b) { return a - b; }
static inline vec v_mul(vec a, vec b) { return a * b; }
static inline vec v_div(vec a, vec b) { return a / b; }
static inline vec v_fma(vec a, vec b, vec c) { return a * b + c; }
static inline vec v_max(vec a, vec b) { return a < b ? b : a; }
static inline vec v_min(vec a, vec b) { return a > b ? b : a; }
static inline vec v_round(vec a) { return rintf(a); }
static inline vec v_scale(vec a, vec n) { return ldexpf(a, (int)n); }
static inline vec v_reciprocal(vec a) { return 1 / a; }
static inline vec_mask v_first(int count) { return count > 0; }
static inline vec v_load_masked(const float *p, vec_mask mask) { return mask ? *p : 0; }
static inline void v_store_masked(float *p, vec x, vec_mask mask) {
  if (mask) *p = x;
}

// `x` where low < z < high, else 0.
static inline vec v_between(vec z, float low, float high, vec x) { return low < z && z < high ? x : 0; }
