#pragma once
#include "quoin-types.h"

/// Depthwise convolution of one image: rows `row_begin ..< row_end` of the output and channels
/// `channel_begin ..< channel_end`.
///
/// `x` and `y` are whole NHWC images, `weights` is tap-major `[kernel_height * kernel_width][channels]`, `bias` is
/// `[channels]` or NULL, `residual` is an image like `y` or NULL and is added before the activation.
typedef void (*qn_f32_dwconv_function)(const qn_window *window, const float *x, const float *weights,
                                       const float *bias, const float *residual, qn_activation activation, float *y,
                                       int row_begin, int row_end, int channel_begin, int channel_end);

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  qn_f32_dwconv_function function;
} qn_f32_dwconv_kernel;

/// All kernels of the family, the portable one first; returns their number.
int qn_f32_dwconv_kernels(const qn_f32_dwconv_kernel **kernels);
