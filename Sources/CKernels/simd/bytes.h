#pragma once
#include "quoin-u8-types.h"
#include <math.h>
#include <stddef.h>

// The scalar definitions of what becomes of numbers that are to be bytes; all other code gives the same bits.

// A NaN becomes `low`, as it does in the instructions.
static inline float qn_clamped(float x, float low, float high) {
  x = x > low ? x : low;
  return x < high ? x : high;
}

// zero + round(clamp(x, low − zero, high − zero)), ties to even.
static inline uint8_t qn_byte(float x, int32_t zero, int32_t low, int32_t high) {
  return (uint8_t)(zero + (int32_t)nearbyintf(qn_clamped(x, (float)(low - zero), (float)(high - zero))));
}

// The byte of a sum; `residual` points to the byte that is added, or is NULL.
static inline uint8_t qn_requantised(const qn_requantisation *r, int32_t sum, size_t column, const uint8_t *residual) {
  uint8_t q = qn_byte((float)sum * r->scale[column], r->zero, r->low, r->high);
  if (r->table) q = r->table[q];
  if (!residual) return q;
  float added = r->residual_scale * (float)(*residual - r->residual_zero);
  return qn_byte(fmaf(r->own_scale, (float)(q - r->own_zero), added), r->sum_zero, r->sum_low, r->sum_high);
}
