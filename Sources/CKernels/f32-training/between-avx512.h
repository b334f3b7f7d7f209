#pragma once

// `x` where low < z < high, else 0.
static inline vec v_between(vec z, float low, float high, vec x) {
  __mmask16 above = _mm512_cmp_ps_mask(z, v_set(low), _CMP_GT_OQ);
  return _mm512_maskz_mov_ps(_mm512_mask_cmp_ps_mask(above, z, v_set(high), _CMP_LT_OQ), x);
}
