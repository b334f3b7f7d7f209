#include "kernels.h"

int qn_u8_dwconv_kernels(const qn_u8_dwconv_kernel **kernels) {
#define KERNEL_ROW(isa) \
  {"u8_dwconv__" #isa, qn_##isa, qn_u8_dwconv_packed_size__##isa, qn_u8_dwconv_pack__##isa, qn_u8_dwconv__##isa},
  static const qn_u8_dwconv_kernel table[] = {QN_U8_DWCONV_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
