#pragma once

#include <math.h>

// Bounds in FP32 of numbers in FP64. FP32 rounds by 6e-8, FP64 by 1.1e-16 of the largest part of a sum; where a number is
// out of FP32's range, or none, its bound says nothing.

static const double largest_bound = 0x1p126;

static inline float below(double x, double size) {
  double least = x - 1e-6 * fabs(x) - 1e-12 * size - 1e-30;
  if (!(least > -largest_bound)) return -INFINITY;
  return (float)(least < largest_bound ? least : largest_bound);
}

static inline float above(double x, double size) { return -below(-x, size); }
