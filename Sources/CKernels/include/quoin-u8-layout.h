#pragma once
#include <stddef.h>
#include <stdint.h>

// Kernels that only move bytes; one version serves every instruction set.

/// y[column][row] = x[row][column] for a matrix of `rows` × `columns` bytes.
void qn_u8_transpose(size_t rows, size_t columns, const uint8_t *x, uint8_t *y);

/// Copies `rows` rows of `columns` bytes between matrices with row strides of their own. An operand of a concatenation
/// in another scale or zero point goes through a table instead.
void qn_u8_copy_rows(size_t rows, size_t columns, const uint8_t *x, size_t x_stride, uint8_t *y, size_t y_stride);

/// In every row, byte (g, i) of `groups` × `per_group` becomes byte (i, g).
void qn_u8_shuffle(size_t rows, size_t groups, size_t per_group, const uint8_t *x, uint8_t *y);
