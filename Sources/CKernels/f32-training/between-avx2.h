#pragma once

// `x` where low < z < high, else 0.
static inline vec v_between(vec z, float low, float high, vec x) {
  vec inside = _mm256_and_ps(_mm256_cmp_ps(z, v_set(low), _CMP_GT_OQ), _mm256_cmp_ps(z, v_set(high), _CMP_LT_OQ));
  return _mm256_and_ps(inside, x);
}
