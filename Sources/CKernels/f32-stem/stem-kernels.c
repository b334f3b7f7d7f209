#include "CKernels.h"
#include "kernels.h"

int qn_f32_stem_kernels(const qn_f32_stem_kernel **kernels) {
#define KERNEL_ROW(isa, panel) {"f32_stem__" #isa, qn_##isa, panel, qn_f32_stem__##isa},
  static const qn_f32_stem_kernel table[] = {QN_F32_STEM_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
