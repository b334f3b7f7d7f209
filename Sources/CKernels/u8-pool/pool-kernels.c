#include "kernels.h"

int qn_u8_pool_kernels(const qn_u8_pool_kernel **kernels) {
#define KERNEL_ROW(isa) {"u8_pool__" #isa, qn_##isa, qn_u8_pool__##isa},
  static const qn_u8_pool_kernel table[] = {QN_U8_POOL_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
