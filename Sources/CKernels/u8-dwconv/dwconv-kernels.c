#include "kernels.h"

#include "../cpu/levels.h"

int qn_u8_dwconv_kernels(const qn_u8_dwconv_kernel **kernels) {
#define KERNEL_ROW(name, isa)                                                                       \
  {"u8_dwconv__" #name, qn_##isa, qn_u8_dwconv_packed_size__##name, qn_u8_dwconv_pack__##name, \
   qn_u8_dwconv__##name},
  static const qn_u8_dwconv_kernel table[] = {QN_U8_DWCONV_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return !qn_runs_avx2() ? 1 : !qn_runs_avx512() ? 2 : !qn_runs_avx512vnni() ? 3 : 4;
}
