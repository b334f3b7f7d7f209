#pragma once
#include "quoin-types.h"
#include "quoin-u8-types.h"

/// C = requantised(A · B + bias) for row-major bytes A (`m` × `k`) and C (`m` × `n`) and packed signed bytes B
/// (`k` × `n`).
///
/// B is packed once into panels of `panel` columns, and a last one of half the width where that is enough; columns
/// beyond `n` are zeros. A panel is its bias, one `int32_t` per column (with the correction −zero · Σ weights for the
/// zero point of A), followed by k / 4 groups, rounded up to a multiple of `depth` / 4, of width × 4 bytes: four steps
/// of k side by side for every column, zeros beyond `k`. Weights lie within ±127; the sums must fit 32 bits.
///
/// Every row of A is read up to the next multiple of `depth` columns, whatever the stride: what lies there does not
/// matter but must be readable, thus up to `depth` − 1 bytes behind the last row. Rows that begin on 64-byte boundaries
/// are read fastest. Nothing is written outside of C's `m` × `n` bytes, and every byte of a residual is read before the
/// byte of C at its place is written: they may be the same memory. `requantisation.scale`, `residual` and `real` belong
/// to the first column and row of this call.
typedef void (*qn_u8_gemm_function)(size_t m, size_t n, size_t k, const uint8_t *a, size_t a_stride,
                                    const void *packed, const qn_requantisation *requantisation, uint8_t *c,
                                    size_t c_stride);

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  /// Columns of a panel.
  int panel;
  /// What the packed depth is a multiple of; itself a multiple of 4.
  int depth;
  qn_u8_gemm_function function;
} qn_u8_gemm_kernel;

/// All kernels of the family that this processor can run, the portable one first and the fastest last; returns their
/// number.
int qn_u8_gemm_kernels(const qn_u8_gemm_kernel **kernels);
