#include "kernels.h"

#include "../cpu/levels.h"

int qn_u8_add_kernels(const qn_u8_add_kernel **kernels) {
#define KERNEL_ROW(isa) {"u8_add__" #isa, qn_##isa, qn_u8_add__##isa},
  static const qn_u8_add_kernel table[] = {QN_U8_ADD_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return !qn_runs_avx2() ? 1 : !qn_runs_avx512() ? 2 : 3;
}

qn_u8_add_function qn_u8_add_for(qn_isa isa) {
  const qn_u8_add_kernel *kernels;
  int last = qn_u8_add_kernels(&kernels) - 1;
  while (kernels[last].isa > isa) last--;
  return kernels[last].function;
}
