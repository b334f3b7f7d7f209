#pragma once
#include "quoin-types.h"
#include <stddef.h>
#include <stdint.h>

// Linear layers whose weights are stored in fewer bits than FP32; activations, sums and results are FP32.
//
// B is packed once into panels of `panel` columns, and a last one of half the width where that is enough; columns
// beyond `n` are zeros. A panel begins with its bias, one `float` per column. What follows depends on the format; a step is a
// row of B's `k`, and "side by side" means for every column of the panel:
//
//   BF16   pairs of steps side by side, 2 × 16 bits per column; `k` is filled up with zeros to a multiple of `depth`.
//          A is rounded to BF16 too, to the nearest, ties to even.
//   INT8   a scale per column in FP32, then the steps, a signed byte per column.
//          y = scale · Σ x · w
//   INT4   groups of 32 steps, the last filled up with zeros: per group the scales in FP32, one per column, then four
//          times eight steps side by side, 32 bits per column: step i is bits 4i to 4i + 3, in two's complement.
//          y = Σ scale[group] · Σ x · w over the steps of the group

/// C = A · B + bias for row-major A (`m` × `k`) and C (`m` × `n`).
///
/// `scratch` has `m` × (`k` + 64) × 4 bytes on a 64-byte boundary, for a copy of A whose rows do not lie a power of two
/// apart: those would share a few sets of the first-level cache.
/// A row's result does not depend on the other rows of a call, unless there are fewer than three.
typedef void (*qn_linear_gemm_function)(size_t m, size_t n, size_t k, const float *a, size_t a_stride,
                                        const void *packed, void *scratch, float *c, size_t c_stride);

/// One kernel of a family.
typedef struct {
  const char *name;
  qn_isa isa;
  /// Columns of a panel.
  int panel;
  /// What the packed depth is a multiple of.
  int depth;
  qn_linear_gemm_function function;
} qn_linear_gemm_kernel;

/// All kernels for weights in BF16 that this processor can run, the portable one first and the fastest last; returns
/// their number.
int qn_bf16_gemm_kernels(const qn_linear_gemm_kernel **kernels);
/// The same for weights of 8 bits.
int qn_w8_gemm_kernels(const qn_linear_gemm_kernel **kernels);
/// The same for weights of 4 bits.
int qn_w4_gemm_kernels(const qn_linear_gemm_kernel **kernels);
