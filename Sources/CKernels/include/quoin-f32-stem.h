#pragma once
#include "quoin-types.h"
#include <stddef.h>

/// The first convolution of a network: from few channels, such as red, green and blue, which fill no vector, to an NHWC
/// image. Output rows `row_begin ..< row_end` of one image.
///
/// `window` states the channels of the input; its element (channel, row, column) lies at `x[channel * x_channel + (row
/// * width + column) * x_pixel]`, so that NCHW and NHWC both serve. `packed` is the weight in the layout of
/// `qn_f32_gemm_function`, for `outputs` columns and sums over (ky, kx, channel); there are at most `qn_f32_stem_taps`
/// of these. `scratch` has room for `qn_f32_stem_scratch` elements.
typedef void (*qn_f32_stem_function)(const qn_window *window, const float *x, ptrdiff_t x_channel, ptrdiff_t x_pixel,
                                     const float *packed, int outputs, qn_activation activation, float *y,
                                     int row_begin, int row_end, float *scratch);

enum { qn_f32_stem_taps = 512 };

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  /// Columns of a whole panel.
  int panel;
  qn_f32_stem_function function;
} qn_f32_stem_kernel;

/// All kernels of the family, the portable one first; returns their number.
int qn_f32_stem_kernels(const qn_f32_stem_kernel **kernels);

/// The elements of scratch memory that a call needs.
size_t qn_f32_stem_scratch(const qn_window *window);
