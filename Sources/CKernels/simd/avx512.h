#pragma once

// The vector vocabulary on AVX-512 F, DQ, BW, VL and CD; see avx2.h.

enum { v_width = 16 };
typedef __m512 vec;
typedef __mmask16 vec_mask;

static inline vec v_zero(void) { return _mm512_setzero_ps(); }
static inline vec v_set(float x) { return _mm512_set1_ps(x); }
static inline vec v_load(const float *p) { return _mm512_loadu_ps(p); }
static inline void v_store(float *p, vec x) { _mm512_storeu_ps(p, x); }
static inline vec v_add(vec a, vec b) { return _mm512_add_ps(a, b); }
static inline vec v_sub(vec a, vec b) { return _mm512_sub_ps(a, b); }
static inline vec v_mul(vec a, vec b) { return _mm512_mul_ps(a, b); }
static inline vec v_div(vec a, vec b) { return _mm512_div_ps(a, b); }
static inline vec v_fma(vec a, vec b, vec c) { return _mm512_fmadd_ps(a, b, c); }
// A NaN in `a` survives, as the instructions hand on their second operand.
static inline vec v_max(vec a, vec b) { return _mm512_max_ps(b, a); }
static inline vec v_min(vec a, vec b) { return _mm512_min_ps(b, a); }
static inline vec v_round(vec a) {
  return _mm512_roundscale_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}

// a · 2^n for whole n in -126 ... 127.
static inline vec v_scale(vec a, vec n) { return _mm512_scalef_ps(a, n); }

// 1 / a to within 2 units in the last place: an estimate of 14 bits and one step of Newton's, since a division takes 16
// cycles.
static inline vec v_reciprocal(vec a) {
  vec y = _mm512_rcp14_ps(a);
  return _mm512_fmadd_ps(_mm512_fnmadd_ps(a, y, _mm512_set1_ps(1)), y, y);
}

// The first `count` lanes, count in 0 ... v_width.
static inline vec_mask v_first(int count) { return (vec_mask)((1u << count) - 1); }
static inline vec v_load_masked(const float *p, vec_mask mask) { return _mm512_maskz_loadu_ps(mask, p); }
static inline void v_store_masked(float *p, vec x, vec_mask mask) { _mm512_mask_storeu_ps(p, mask, x); }
