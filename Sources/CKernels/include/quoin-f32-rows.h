#pragma once
#include "quoin-types.h"
#include <stddef.h>

// Operators over the last dimension of a tensor, a row at a time. `x` may be `y`; strides are in elements.

/// y = exp(x) / Σ exp(x) in every row.
typedef void (*qn_f32_softmax_function)(size_t rows, size_t columns, const float *x, size_t x_stride, float *y,
                                        size_t y_stride);

/// y = (x − mean) / sqrt(variance + epsilon) · gain + bias in every row; the variance is the biased one.
typedef void (*qn_f32_layernorm_function)(size_t rows, size_t columns, const float *x, size_t x_stride,
                                          const float *gain, const float *bias, float epsilon, float *y,
                                          size_t y_stride);

/// The kernels of one instruction set.
typedef struct {
  const char *name;
  qn_isa isa;
  qn_f32_softmax_function softmax;
  qn_f32_layernorm_function layernorm;
} qn_f32_rows_kernel;

/// All kernels of the family, the portable ones first; returns their number.
int qn_f32_rows_kernels(const qn_f32_rows_kernel **kernels);
