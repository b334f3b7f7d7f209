#include "kernels.h"

#include "../cpu/levels.h"

int qn_u8_table_kernels(const qn_u8_table_kernel **kernels) {
#define KERNEL_ROW(name, isa) {"u8_table__" #name, qn_##isa, qn_u8_table__##name},
  static const qn_u8_table_kernel table[] = {QN_U8_TABLE_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return !qn_runs_avx2() ? 1 : !qn_runs_avx512() ? 2 : !qn_runs_avx512vbmi() ? 3 : 4;
}

qn_u8_table_function qn_u8_table_for(qn_isa isa) {
  const qn_u8_table_kernel *kernels;
  int last = qn_u8_table_kernels(&kernels) - 1;
  while (kernels[last].isa > isa) last--;
  return kernels[last].function;
}
