#pragma once
#include "quoin-types.h"
#include <stddef.h>
#include <stdint.h>

/// How two quantised tensors are multiplied; `scale` is the product of the operands' scales divided by the result's.
///
///     y = zero + round(clamp(((x − x_zero) · (g − gate_zero)) · scale, low − zero, high − zero))
typedef struct {
  float scale;
  int32_t x_zero, gate_zero;
  /// The result's zero point, and the bounds that also serve relu and relu6.
  int32_t zero, low, high;
} qn_u8_multiplication;

/// Multiplies `pixels` pixels of one NHWC image with a gate of `channels` bytes (squeeze-excitation; Hu et al., 2018).
///
/// One pixel of as many channels as two tensors have elements is their elementwise product. `y` may be `x`.
typedef void (*qn_u8_gate_function)(size_t pixels, size_t channels, const uint8_t *x, const uint8_t *gate,
                                    const qn_u8_multiplication *multiplication, uint8_t *y);

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  qn_u8_gate_function function;
} qn_u8_gate_kernel;

/// All kernels of the family that this processor can run, the portable one first and the fastest last; returns their
/// number.
int qn_u8_gate_kernels(const qn_u8_gate_kernel **kernels);
