#pragma once
#include "quoin-f32-resize.h"
#include <stdint.h>

/// How a blend of bytes becomes a byte; `scale` is the input's scale divided by the result's.
///
///     y = zero + round(clamp((blend − x_zero) · scale, low − zero, high − zero))
typedef struct {
  float scale;
  int32_t x_zero;
  /// The result's zero point, and its bounds.
  int32_t zero, low, high;
} qn_u8_resizing;

/// Bilinear resizing of one NHWC image of bytes with `channels` channels and `width` columns: rows
/// `row_begin ..< row_end` of the output, which has `out_width` columns. `rows` and `columns` say where each output row
/// and column reads.
///
/// Blends are FP32: first across, fma(right − left, blend, left) in the two rows, then down in the same way.
typedef void (*qn_u8_resize_function)(int channels, int width, const uint8_t *x, int out_width,
                                      const qn_neighbours *rows, const qn_neighbours *columns,
                                      const qn_u8_resizing *resizing, uint8_t *y, int row_begin, int row_end);

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  qn_u8_resize_function function;
} qn_u8_resize_kernel;

/// All kernels of the family that this processor can run, the portable one first and the fastest last; returns their
/// number.
int qn_u8_resize_kernels(const qn_u8_resize_kernel **kernels);

/// Resizing to the nearest neighbour, which is every entry's `first`. Memory moves only, so one version serves every
/// instruction set; a change of scale or zero point is a table's work.
void qn_u8_resize_nearest(int channels, int width, const uint8_t *x, int out_width, const qn_neighbours *rows,
                          const qn_neighbours *columns, uint8_t *y, int row_begin, int row_end);
