#include "kernels.h"

#include "../cpu/levels.h"

int qn_u8_convert_kernels(const qn_u8_convert_kernel **kernels) {
#define KERNEL_ROW(isa)                                                                                 \
  {"u8_convert__" #isa, qn_##isa, qn_u8_quantise__##isa, qn_u8_dequantise__##isa, qn_u8_quantise_planes__##isa, \
   qn_u8_dequantise_planes__##isa},
  static const qn_u8_convert_kernel table[] = {QN_U8_CONVERT_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return !qn_runs_avx2() ? 1 : !qn_runs_avx512() ? 2 : 3;
}
