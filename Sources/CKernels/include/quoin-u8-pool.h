#pragma once
#include "quoin-types.h"
#include <stddef.h>
#include <stdint.h>

/// How the sum of a window becomes the byte of its mean; `scale` is the input's scale divided by the result's.
///
///     y = zero + round(clamp((sum − count · x_zero) · (scale / count), low − zero, high − zero))
typedef struct {
  float scale;
  int32_t x_zero;
  /// The result's zero point, and its bounds.
  int32_t zero, low, high;
} qn_u8_averaging;

/// Pooling of one image of bytes: rows `row_begin ..< row_end` of the output and channels
/// `channel_begin ..< channel_end`.
///
/// Without `averaging` the largest byte of every window is taken, in the input's scale and zero point. Taps on the padding
/// count for neither the maximum nor the mean. Every window must hold at least one pixel.
typedef void (*qn_u8_pool_function)(const qn_window *window, const qn_u8_averaging *averaging, const uint8_t *x,
                                    uint8_t *y, int row_begin, int row_end, int channel_begin, int channel_end);

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  qn_u8_pool_function function;
} qn_u8_pool_kernel;

/// All kernels of the family that this processor can run, the portable one first and the fastest last; returns their
/// number.
int qn_u8_pool_kernels(const qn_u8_pool_kernel **kernels);
