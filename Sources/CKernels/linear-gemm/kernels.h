#pragma once
#include "quoin-linear-gemm.h"

// The families, one row per kernel and in rising order of speed: format, name, instruction set, columns of a panel,
// depth, and what the processor must have, as an expression over `cpu`. Declarations, tables and tests follow.
// `vdpbf16ps` does half as many instructions per cycle as FP32 multiply-adds on Sapphire Rapids, where widening both
// operands is faster.
#define QN_BF16_GEMM_KERNELS(ROW)                                       \
  ROW(bf16, portable, portable, 8, 2, 1)                                \
  ROW(bf16, avx2, avx2, 16, 2, cpu.avx2 && cpu.fma)                     \
  ROW(bf16, avx512_bf16, avx512, 32, 2, cpu.avx512_bf16)                \
  ROW(bf16, avx512, avx512, 32, 2, cpu.avx512)                          \
  ROW(bf16, amx, amx, 32, 32, cpu.amx_bf16 && cpu.avx512_bf16)

#define QN_W8_GEMM_KERNELS(ROW)                     \
  ROW(w8, portable, portable, 8, 1, 1)              \
  ROW(w8, avx2, avx2, 16, 1, cpu.avx2 && cpu.fma)   \
  ROW(w8, avx512, avx512, 32, 1, cpu.avx512)

#define QN_W4_GEMM_KERNELS(ROW)                     \
  ROW(w4, portable, portable, 8, 32, 1)             \
  ROW(w4, avx2, avx2, 16, 32, cpu.avx2 && cpu.fma)  \
  ROW(w4, avx512, avx512, 32, 32, cpu.avx512)

#define DECLARE(format, name, isa, panel, depth, condition)                                        \
  void qn_##format##_gemm__##name(size_t m, size_t n, size_t k, const float *a, size_t a_stride,   \
                                  const void *packed, void *scratch, float *c, size_t c_stride);
QN_BF16_GEMM_KERNELS(DECLARE)
QN_W8_GEMM_KERNELS(DECLARE)
QN_W4_GEMM_KERNELS(DECLARE)
#undef DECLARE
