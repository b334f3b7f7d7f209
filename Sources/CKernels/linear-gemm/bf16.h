#pragma once
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// BF16 is the upper half of an FP32 number.

static inline uint16_t bf16_from(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  // A NaN stays one even where all of its set bits are in the lower half.
  if ((bits & 0x7fffffff) > 0x7f800000) return (uint16_t)(bits >> 16 | 64);
  return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static inline float bf16_value(uint16_t x) {
  uint32_t bits = (uint32_t)x << 16;
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

// A's rows in BF16, filled up with zeros to `filled` numbers each.
static inline void bf16_rows(size_t m, size_t k, const float *a, size_t a_stride, uint16_t *to, size_t filled,
                             size_t stride) {
  for (size_t row = 0; row < m; row++, a += a_stride, to += stride) {
    for (size_t i = 0; i < k; i++) to[i] = bf16_from(a[i]);
    for (size_t i = k; i < filled; i++) to[i] = 0;
  }
}
