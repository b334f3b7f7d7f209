#pragma once
#include "quoin-types.h"
#include <stddef.h>
#include <stdint.h>

/// y = table[x] for `rows` rows of `columns` bytes with row strides of their own: a non-linearity, a change of scale and
/// zero point, or both at once. `table` has 256 entries; `y` may be `x`.
typedef void (*qn_u8_table_function)(size_t rows, size_t columns, const uint8_t *x, size_t x_stride,
                                     const uint8_t *table, uint8_t *y, size_t y_stride);

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  qn_u8_table_function function;
} qn_u8_table_kernel;

/// All kernels of the family that this processor can run, the portable one first and the fastest last; returns their
/// number.
int qn_u8_table_kernels(const qn_u8_table_kernel **kernels);
