#include "CKernels.h"
#include "kernels.h"

int qn_f32_resize_kernels(const qn_f32_resize_kernel **kernels) {
#define KERNEL_ROW(isa) {"f32_resize__" #isa, qn_##isa, qn_f32_resize__##isa},
  static const qn_f32_resize_kernel table[] = {QN_F32_RESIZE_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
