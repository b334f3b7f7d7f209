#pragma once
#include "quoin-types.h"
#include <stddef.h>
#include <stdint.h>

/// How two quantised tensors are added; the scales are those of the operands divided by that of the result.
///
///     z = zero + round(clamp(fma(a_scale, a − a_zero, b_scale · (b − b_zero)), low − zero, high − zero))
///     z = table[z]                                                                 where there is a table
typedef struct {
  float a_scale, b_scale;
  int32_t a_zero, b_zero;
  /// The result's zero point, and the bounds that also serve relu and relu6.
  int32_t zero, low, high;
  /// 256 bytes, or NULL.
  const uint8_t *table;
} qn_u8_addition;

/// Adds `count` elements; `z` may be one of the operands.
typedef void (*qn_u8_add_function)(size_t count, const uint8_t *a, const uint8_t *b, const qn_u8_addition *addition,
                                   uint8_t *z);

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  qn_u8_add_function function;
} qn_u8_add_kernel;

/// All kernels of the family that this processor can run, the portable one first and the fastest last; returns their
/// number.
int qn_u8_add_kernels(const qn_u8_add_kernel **kernels);
