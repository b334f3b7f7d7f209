#include "kernels.h"

int qn_u8_add_kernels(const qn_u8_add_kernel **kernels) {
#define KERNEL_ROW(isa) {"u8_add__" #isa, qn_##isa, qn_u8_add__##isa},
  static const qn_u8_add_kernel table[] = {QN_U8_ADD_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
