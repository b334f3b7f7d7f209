#include "CKernels.h"
#include "kernels.h"

int qn_f32_gemm_kernels(const qn_f32_gemm_kernel **kernels) {
#define KERNEL_ROW(isa, panel) {"f32_gemm__" #isa, qn_##isa, panel, qn_f32_gemm__##isa},
  static const qn_f32_gemm_kernel table[] = {QN_F32_GEMM_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
