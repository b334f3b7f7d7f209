#include "CKernels.h"
#include "kernels.h"

int qn_f32_epilogue_kernels(const qn_f32_epilogue_kernel **kernels) {
#define KERNEL_ROW(isa) {"f32_epilogue__" #isa, qn_##isa, qn_f32_epilogue__##isa},
  static const qn_f32_epilogue_kernel table[] = {QN_F32_EPILOGUE_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return (int)(sizeof table / sizeof table[0]);
}
