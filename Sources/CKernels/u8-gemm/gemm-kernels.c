#include "CKernels.h"
#include "kernels.h"

#include <pthread.h>

#define KERNEL_NUMBER(...) +1
static qn_u8_gemm_kernel table[0 QN_U8_GEMM_KERNELS(KERNEL_NUMBER)];
static int count;

static void fill(void) {
  qn_cpu cpu = qn_cpu_probe();
#define KERNEL_ROW(name, isa, panel, depth, condition) \
  if (condition) table[count++] = (qn_u8_gemm_kernel){"u8_gemm__" #name, qn_##isa, panel, depth, qn_u8_gemm__##name};
  QN_U8_GEMM_KERNELS(KERNEL_ROW)
}

int qn_u8_gemm_kernels(const qn_u8_gemm_kernel **kernels) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, fill);
  *kernels = table;
  return count;
}
