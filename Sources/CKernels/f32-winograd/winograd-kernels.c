#include "CKernels.h"
#include "kernels.h"

int qn_f32_winograd_kernels(const qn_f32_winograd_kernel **kernels) {
#define KERNEL_ROW(isa, tile)                                                                                     \
  {"f32_winograd_" #tile "__" #isa, qn_##isa, tile, qn_f32_winograd_input_##tile##__##isa,                        \
   qn_f32_winograd_output_##tile##__##isa},
  static const qn_f32_winograd_kernel table[] = {QN_F32_WINOGRAD_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
