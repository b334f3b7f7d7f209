#pragma once
#include "quoin-types.h"
#include <stddef.h>

/// y = activation(x · scale + shift + residual) for a block of rows (pixels) of `channels` columns.
///
/// `scale` and `shift` are `[channels]` or NULL (1 and 0); `residual` is NULL or has its own row stride. `x` may be `y`.
/// Strides are in elements. With all NULL it is the elementwise activation; with `scale` a folded batch norm; with only
/// `shift` the bias of a convolution; with only `residual` a sum.
typedef void (*qn_f32_epilogue_function)(size_t rows, size_t channels, const float *x, size_t x_stride,
                                         const float *scale, const float *shift, const float *residual,
                                         size_t residual_stride, qn_activation activation, float *y, size_t y_stride);

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  qn_f32_epilogue_function function;
} qn_f32_epilogue_kernel;

/// All kernels of the family, the portable one first; returns their number.
int qn_f32_epilogue_kernels(const qn_f32_epilogue_kernel **kernels);
