#include "CKernels.h"
#include "kernels.h"

int qn_f32_binary_kernels(const qn_f32_binary_kernel **kernels) {
#define KERNEL_ROW(isa) {"f32_binary__" #isa, qn_##isa, qn_f32_binary__##isa},
  static const qn_f32_binary_kernel table[] = {QN_F32_BINARY_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
