#pragma once
#include <stddef.h>

// Kernels that only move memory; one version serves every instruction set.

/// y[column][row] = x[row][column] for a matrix of `rows` × `columns`: NCHW to NHWC with the channels as rows, and back
/// with the pixels as rows.
void qn_f32_transpose(size_t rows, size_t columns, const float *x, float *y);

/// Copies `rows` rows of `columns` elements between matrices with row strides of their own.
void qn_f32_copy_rows(size_t rows, size_t columns, const float *x, size_t x_stride, float *y, size_t y_stride);

/// In every row, element (g, i) of `groups` × `per_group` becomes element (i, g).
void qn_f32_shuffle(size_t rows, size_t groups, size_t per_group, const float *x, float *y);

/// The axes of a tensor that is copied: extents, and the distances of neighbours in the source and in the target.
typedef struct {
  int rank;
  size_t extent[8], from[8], to[8];
} qn_axes;

/// Copies a tensor of up to 8 axes, whose elements lie anywhere, to where they shall lie. The last two axes are the
/// innermost loops.
void qn_f32_copy_axes(const qn_axes *axes, const float *x, float *y);

/// Packs a right operand for `qn_f32_gemm`: element (row, column) lies at `row · row_stride + column · column_stride`,
/// and is multiplied by `scale`; biases are zeros. Needs `qn_f32_packed_size` elements.
void qn_f32_pack(size_t rows, size_t columns, const float *x, size_t row_stride, size_t column_stride, float scale,
                 size_t panel, float *packed);

/// Elements of a packed right operand.
static inline size_t qn_f32_packed_size(size_t rows, size_t columns, size_t panel) {
  size_t rest = columns % panel;
  size_t last = rest == 0 ? 0 : rest <= panel / 2 ? panel / 2 : panel;
  return (rows + 1) * (columns / panel * panel + last);
}
