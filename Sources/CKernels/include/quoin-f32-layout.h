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
