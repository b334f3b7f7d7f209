#include "kernels.h"

int qn_u8_table_kernels(const qn_u8_table_kernel **kernels) {
#define KERNEL_ROW(isa) {"u8_table__" #isa, qn_##isa, qn_u8_table__##isa},
  static const qn_u8_table_kernel table[] = {QN_U8_TABLE_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
