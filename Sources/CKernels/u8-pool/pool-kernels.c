#include "kernels.h"

#include "../cpu/levels.h"

int qn_u8_pool_kernels(const qn_u8_pool_kernel **kernels) {
#define KERNEL_ROW(isa) {"u8_pool__" #isa, qn_##isa, qn_u8_pool__##isa},
  static const qn_u8_pool_kernel table[] = {QN_U8_POOL_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return !qn_runs_avx2() ? 1 : !qn_runs_avx512() ? 2 : 3;
}
