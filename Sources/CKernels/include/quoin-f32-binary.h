#pragma once
#include "quoin-types.h"
#include <stddef.h>

/// An elementwise function of two numbers; the order is that of `BinaryOperation.allCases` in Swift.
typedef enum {
  qn_add = 0,
  qn_subtract = 1,
  qn_multiply = 2,
  qn_divide = 3,
  qn_maximum = 4,
  qn_minimum = 5,
} qn_binary;

/// y[i] = a[i · a_step] ∘ b[i · b_step] for `count` elements. A step is 0 where one number serves all; steps other than
/// 0 and 1 are slow. `y` may be `a` or `b` where that has the step 1.
typedef void (*qn_f32_binary_function)(qn_binary operation, size_t count, const float *a, size_t a_step,
                                       const float *b, size_t b_step, float *y);

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  qn_f32_binary_function function;
} qn_f32_binary_kernel;

/// All kernels of the family, the portable one first; returns their number.
int qn_f32_binary_kernels(const qn_f32_binary_kernel **kernels);
