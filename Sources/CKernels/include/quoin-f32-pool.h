#pragma once
#include "quoin-types.h"

/// Pooling of one image: rows `row_begin ..< row_end` of the output and channels `channel_begin ..< channel_end`.
///
/// Taps on the padding count for neither the maximum nor the mean. Every window must hold at least one pixel.
typedef void (*qn_f32_pool_function)(const qn_window *window, int maximum, const float *x, float *y, int row_begin,
                                     int row_end, int channel_begin, int channel_end);

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  qn_f32_pool_function function;
} qn_f32_pool_kernel;

/// All kernels of the family, the portable one first; returns their number.
int qn_f32_pool_kernels(const qn_f32_pool_kernel **kernels);
