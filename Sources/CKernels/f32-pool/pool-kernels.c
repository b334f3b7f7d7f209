#include "CKernels.h"
#include "kernels.h"

int qn_f32_pool_kernels(const qn_f32_pool_kernel **kernels) {
#define KERNEL_ROW(isa) {"f32_pool__" #isa, qn_##isa, qn_f32_pool__##isa},
  static const qn_f32_pool_kernel table[] = {QN_F32_POOL_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
