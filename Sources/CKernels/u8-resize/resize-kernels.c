#include "kernels.h"

int qn_u8_resize_kernels(const qn_u8_resize_kernel **kernels) {
#define KERNEL_ROW(isa) {"u8_resize__" #isa, qn_##isa, qn_u8_resize__##isa},
  static const qn_u8_resize_kernel table[] = {QN_U8_RESIZE_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
