#pragma once
#include "quoin-types.h"
#include <stddef.h>
#include <stdint.h>

/// y = zero + round(clamp(x / scale, −zero, 255 − zero)), as ONNX's QuantizeLinear: divided, not multiplied with a
/// reciprocal. A NaN becomes 0.
typedef void (*qn_u8_quantise_function)(size_t count, const float *x, float scale, uint8_t zero, uint8_t *y);

/// y = (x − zero) · scale.
typedef void (*qn_u8_dequantise_function)(size_t count, const uint8_t *x, float scale, uint8_t zero, float *y);

/// Quantises `pixels` pixels of `channels` planes, `plane` elements apart (NCHW), into neighbouring bytes (NHWC).
typedef void (*qn_u8_quantise_planes_function)(size_t pixels, size_t channels, const float *x, size_t plane,
                                               float scale, uint8_t zero, uint8_t *y);

/// The way back: `pixels` pixels of `channels` neighbouring bytes (NHWC) become planes of numbers, `plane` elements
/// apart (NCHW).
typedef void (*qn_u8_dequantise_planes_function)(size_t pixels, size_t channels, const uint8_t *x, float scale,
                                                 uint8_t zero, float *y, size_t plane);

/// The conversions of one instruction set.
typedef struct {
  const char *name;
  qn_isa isa;
  qn_u8_quantise_function quantise;
  qn_u8_dequantise_function dequantise;
  qn_u8_quantise_planes_function quantise_planes;
  qn_u8_dequantise_planes_function dequantise_planes;
} qn_u8_convert_kernel;

/// All kernels of the family that this processor can run, the portable one first and the fastest last; returns their
/// number.
int qn_u8_convert_kernels(const qn_u8_convert_kernel **kernels);
