#pragma once
#include "quoin-u8-gemm.h"

// The family, one row per kernel and in rising order of speed: name, instruction set, columns of a panel, depth, and
// what the processor must have, as an expression over `cpu`. Declarations, the table and the tests follow.
#define QN_U8_GEMM_KERNELS(ROW)                                           \
  ROW(portable, portable, 8, 4, 1)                                        \
  ROW(avx2, avx2, 16, 4, cpu.avx2 && cpu.fma)                             \
  ROW(avx2_vnni, avx2, 16, 4, cpu.avx2 && cpu.fma && cpu.avx_vnni)        \
  ROW(avx512, avx512, 32, 4, cpu.avx512)                                  \
  ROW(avx512_vnni, avx512, 32, 4, cpu.avx512_vnni)                        \
  ROW(avx512_vbmi, avx512, 32, 4, cpu.avx512_vnni && cpu.avx512_vbmi)     \
  ROW(amx, amx, 32, 64, cpu.amx_int8 && cpu.avx512_vnni && cpu.avx512_vbmi)

#define DECLARE(name, isa, panel, depth, condition)                                                    \
  void qn_u8_gemm__##name(size_t m, size_t n, size_t k, const uint8_t *a, size_t a_stride,             \
                          const void *packed, const qn_requantisation *requantisation, uint8_t *c,     \
                          size_t c_stride);
QN_U8_GEMM_KERNELS(DECLARE)
#undef DECLARE
