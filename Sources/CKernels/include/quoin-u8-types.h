#pragma once
#include <stddef.h>
#include <stdint.h>

// Quantised values are unsigned bytes q that stand for scale · (q − zero); weights are signed bytes within ±127 with a
// scale per output channel and no zero point. Rounding is to the nearest, ties to even, and every kernel gives the same
// bytes on every instruction set: sums are exact, and what follows is the one sequence of FP32 operations below.

/// How the 32-bit sums of a layer become bytes, or numbers.
///
///     q = zero + round(clamp(sum · scale[column], low − zero, high − zero))
///     q = table[q]                                                             where there is a table
///     q = sum_zero + round(clamp(fma(own_scale, q − own_zero, residual_scale · (r − residual_zero)),
///                                sum_low − sum_zero, sum_high − sum_zero))     where there is a residual r
///
/// With `real`, the result is sum · scale[column] in FP32 and nothing else happens.
typedef struct {
  /// Per column: scale of the input times scale of the weights, divided by the scale of the result.
  const float *scale;
  /// The result's zero point, and the bounds that also serve relu and relu6.
  int32_t zero, low, high;
  /// 256 bytes, or NULL: what a non-linearity and the rounding after it make of a byte.
  const uint8_t *table;
  /// Added last, or NULL; like the result, with its own row stride.
  const uint8_t *residual;
  size_t residual_stride;
  float own_scale, residual_scale;
  int32_t own_zero, residual_zero, sum_zero, sum_low, sum_high;
  /// Where FP32 results go, or NULL for bytes.
  float *real;
  size_t real_stride;
} qn_requantisation;
