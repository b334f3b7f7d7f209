#include "CKernels.h"
#include "kernels.h"

int qn_f32_gconv_kernels(const qn_f32_gconv_kernel **kernels) {
#define KERNEL_ROW(isa, lanes) {"f32_gconv__" #isa, qn_##isa, lanes, qn_f32_gconv__##isa},
  static const qn_f32_gconv_kernel table[] = {QN_F32_GCONV_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
