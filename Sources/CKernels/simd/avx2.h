#pragma once

// The vector vocabulary on AVX2 and FMA. Every header in this folder defines the same names, so that a kernel is
// written once and built per instruction set. To be included after the translation unit has switched the target on.

enum { v_width = 8 };
typedef __m256 vec;
typedef __m256i vec_mask;

static inline vec v_zero(void) { return _mm256_setzero_ps(); }
static inline vec v_set(float x) { return _mm256_set1_ps(x); }
static inline vec v_load(const float *p) { return _mm256_loadu_ps(p); }
static inline void v_store(float *p, vec x) { _mm256_storeu_ps(p, x); }
static inline vec v_add(vec a, vec b) { return _mm256_add_ps(a, b); }
static inline vec v_sub(vec a, vec b) { return _mm256_sub_ps(a, b); }
static inline vec v_mul(vec a, vec b) { return _mm256_mul_ps(a, b); }
static inline vec v_div(vec a, vec b) { return _mm256_div_ps(a, b); }
static inline vec v_fma(vec a, vec b, vec c) { return _mm256_fmadd_ps(a, b, c); }
// A NaN in `a` survives, as the instructions hand on their second operand.
static inline vec v_max(vec a, vec b) { return _mm256_max_ps(b, a); }
static inline vec v_min(vec a, vec b) { return _mm256_min_ps(b, a); }
static inline vec v_round(vec a) { return _mm256_round_ps(a, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

// a · 2^n for whole n in -126 ... 127.
static inline vec v_scale(vec a, vec n) {
  __m256i exponent = _mm256_add_epi32(_mm256_cvtps_epi32(n), _mm256_set1_epi32(127));
  return _mm256_mul_ps(a, _mm256_castsi256_ps(_mm256_slli_epi32(exponent, 23)));
}

// 1 / a to within 2 units in the last place.
static inline vec v_reciprocal(vec a) { return _mm256_div_ps(_mm256_set1_ps(1), a); }

// The first `count` lanes, count in 0 ... v_width.
static inline vec_mask v_first(int count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}
static inline vec v_load_masked(const float *p, vec_mask mask) { return _mm256_maskload_ps(p, mask); }
static inline void v_store_masked(float *p, vec x, vec_mask mask) { _mm256_maskstore_ps(p, mask, x); }
