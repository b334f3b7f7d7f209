#pragma once
#include "quoin-types.h"
#include <stddef.h>

/// What happens to a product while it is still in registers: residual, then activation. A bias lies in the packed matrix.
typedef struct {
  /// Added before the activation, or NULL; like C, with its own row stride.
  const float *residual;
  size_t residual_stride;
  qn_activation activation;
} qn_epilogue;

/// C = activation(A · B + bias + residual) for row-major A (`m` × `k`) and C (`m` × `n`) and a packed B (`k` × `n`).
///
/// B is packed once, when a network is compiled, into panels of `panel` columns, or of `panel` / 2 where that holds the
/// columns that are left over; columns beyond `n` are zeros. A panel is its bias (one number per column), followed by
/// `k` rows. Panels lie one behind the other.
///
/// Every element is summed in the same order whatever `m` is, except that for `m` <= 4 the sum over k runs in several
/// partial sums, since a few rows alone would wait for their own additions.
typedef void (*qn_f32_gemm_function)(size_t m, size_t n, size_t k, const float *a, size_t a_stride,
                                     const float *packed, const qn_epilogue *epilogue, float *c, size_t c_stride);

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  /// Columns of a whole panel.
  int panel;
  qn_f32_gemm_function function;
} qn_f32_gemm_kernel;

/// All kernels of the family, the portable one first; returns their number.
int qn_f32_gemm_kernels(const qn_f32_gemm_kernel **kernels);
