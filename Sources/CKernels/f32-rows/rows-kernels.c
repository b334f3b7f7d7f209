#include "CKernels.h"
#include "kernels.h"

int qn_f32_rows_kernels(const qn_f32_rows_kernel **kernels) {
#define KERNEL_ROW(isa) {"f32_rows__" #isa, qn_##isa, qn_f32_softmax__##isa, qn_f32_layernorm__##isa},
  static const qn_f32_rows_kernel table[] = {QN_F32_ROWS_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
