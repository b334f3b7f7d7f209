#include "kernels.h"

#include "../cpu/levels.h"

int qn_u8_resize_kernels(const qn_u8_resize_kernel **kernels) {
#define KERNEL_ROW(isa) {"u8_resize__" #isa, qn_##isa, qn_u8_resize__##isa},
  static const qn_u8_resize_kernel table[] = {QN_U8_RESIZE_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return !qn_runs_avx2() ? 1 : !qn_runs_avx512() ? 2 : 3;
}
