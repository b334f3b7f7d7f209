#include "CKernels.h"
#include "kernels.h"

int qn_f32_dwconv_kernels(const qn_f32_dwconv_kernel **kernels) {
#define KERNEL_ROW(isa) {"f32_dwconv__" #isa, qn_##isa, qn_f32_dwconv__##isa},
  static const qn_f32_dwconv_kernel table[] = {QN_F32_DWCONV_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
