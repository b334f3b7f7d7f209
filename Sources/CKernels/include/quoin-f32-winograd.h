#pragma once
#include "quoin-f32-gemm.h"
#include "quoin-types.h"
#include <stddef.h>

// Winograd's minimal filtering for 3 × 3 convolutions of stride and dilation 1 (Lavin and Gray, "Fast Algorithms for
// Convolutional Neural Networks", CVPR 2016).
//
// F(m × m, 3 × 3) computes a tile of m × m output pixels from n × n input pixels, n = m + 2, by n² multiplications per
// pair of channels instead of 9 m². Tiles of an image are numbered row by row, ceil(out_width / m) to a row; what sticks
// out of the image is read as zeros and not written. Sums over channels are n² matrix products in between: element i of
// all transformed tiles is a matrix, tiles × channels, that is multiplied by element i of all transformed filters.

/// Transforms the tiles `tile_begin ..< tile_end` of one NHWC image.
///
/// Matrix i of the n² starts at `matrices + i * matrix_stride` and has one row of `window->channels` numbers per tile,
/// the first being that of `tile_begin`.
typedef void (*qn_f32_winograd_input_function)(const qn_window *window, const float *x, size_t tile_begin,
                                               size_t tile_end, float *matrices, size_t matrix_stride);

/// Transforms products back into pixels of one NHWC image of `channels` channels: y = activation(pixels + bias +
/// residual). The matrices lie as those of the input do, with rows of `channels` numbers.
///
/// `bias` is `[channels]` or NULL. `epilogue->residual` is NULL or an image like `y`; its strides are those of `y`, and
/// it may be `y`.
typedef void (*qn_f32_winograd_output_function)(const qn_window *window, const float *matrices, size_t matrix_stride,
                                                size_t tile_begin, size_t tile_end, size_t channels,
                                                const float *bias, const qn_epilogue *epilogue, float *y);

/// One pair of kernels of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  /// Output pixels along each side of a tile: 2 or 4.
  int tile;
  qn_f32_winograd_input_function input;
  qn_f32_winograd_output_function output;
} qn_f32_winograd_kernel;

/// All kernels of the family, the portable ones first; returns their number.
int qn_f32_winograd_kernels(const qn_f32_winograd_kernel **kernels);

/// Transforms `count` 3 × 3 filters, each row-major, for tiles of 2 or 4 pixels. Element i of filter f, computed in double
/// precision and rounded once, goes to `transformed[i * count + f]`: with filters in the order [out, in], every element is
/// a matrix that is ready to be packed.
void qn_f32_winograd_filters(int tile, size_t count, const float *filters, float *transformed);
