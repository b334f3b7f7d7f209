#pragma once

// How vectors of numbers become bytes; included after a vocabulary of bytes.

// A zero point and bounds.
typedef struct {
  vec high;
  bytes zero, low, highest;
} v_grid;

static inline v_grid v_grid_of(int32_t zero, int32_t low, int32_t high) {
  return (v_grid){v_set((float)(high - zero)), w_set(zero), b_set(low), b_set(high)};
}

// Four vectors of integers, that a grid's zero point is added to, as bytes.
static inline bytes b_narrow(const ints n[4], bytes zero) {
  return b_narrow_words(w_add(w_narrow_ints(n[0], n[1]), zero), w_add(w_narrow_ints(n[2], n[3]), zero));
}

// zero + round(clamp(x, low − zero, high − zero)) of four vectors. The bound below is taken last, among the bytes: sums
// saturate on the way, and a number that no integer holds has become the least one, as has a NaN.
static inline bytes v_bytes(const vec x[4], v_grid grid) {
  ints n[4];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) n[i] = v_rounded(v_min(x[i], grid.high));
  return b_max(b_narrow(n, grid.zero), grid.low);
}

// The same where integers hold all numbers: both bounds are taken among the bytes.
static inline bytes v_bytes_of_small(const vec x[4], v_grid grid) {
  ints n[4];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) n[i] = v_rounded(x[i]);
  return b_min(b_max(b_narrow(n, grid.zero), grid.low), grid.highest);
}

// The bytes of a vector as four vectors of integers.
static inline void b_widen(bytes x, ints n[4]) {
  bytes low = b_zip_low8(x, i_zero()), high = b_zip_high8(x, i_zero());
  n[0] = b_zip_low16(low, i_zero());
  n[1] = b_zip_high16(low, i_zero());
  n[2] = b_zip_low16(high, i_zero());
  n[3] = b_zip_high16(high, i_zero());
}
