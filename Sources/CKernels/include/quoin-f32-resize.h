#pragma once
#include "quoin-types.h"

/// Where an output row or column reads: a blend of two neighbours.
typedef struct {
  int first, second;
  /// The weight of `second`.
  float blend;
} qn_neighbours;

/// Bilinear resizing of one NHWC image with `channels` channels and `width` columns: rows `row_begin ..< row_end` of the
/// output, which has `out_width` columns. `rows` and `columns` say where each output row and column reads.
typedef void (*qn_f32_resize_function)(int channels, int width, const float *x, int out_width,
                                       const qn_neighbours *rows, const qn_neighbours *columns, float *y,
                                       int row_begin, int row_end);

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  qn_f32_resize_function function;
} qn_f32_resize_kernel;

/// All kernels of the family, the portable one first; returns their number.
int qn_f32_resize_kernels(const qn_f32_resize_kernel **kernels);
