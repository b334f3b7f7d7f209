#include "CKernels.h"
#include "kernels.h"

#include <pthread.h>

typedef struct {
  qn_linear_gemm_kernel rows[8];
  int count;
} table;

static table bf16, w8, w4;

static void fill(void) {
  qn_cpu cpu = qn_cpu_probe();
#define KERNEL_ROW(format, name, isa, panel, depth, condition)                                       \
  if (condition) {                                                                                   \
    format.rows[format.count++] = (qn_linear_gemm_kernel){#format "_gemm__" #name, qn_##isa, panel,  \
                                                          depth, qn_##format##_gemm__##name};        \
  }
  QN_BF16_GEMM_KERNELS(KERNEL_ROW)
  QN_W8_GEMM_KERNELS(KERNEL_ROW)
  QN_W4_GEMM_KERNELS(KERNEL_ROW)
}

static int rows_of(const table *family, const qn_linear_gemm_kernel **kernels) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, fill);
  *kernels = family->rows;
  return family->count;
}

int qn_bf16_gemm_kernels(const qn_linear_gemm_kernel **kernels) { return rows_of(&bf16, kernels); }
int qn_w8_gemm_kernels(const qn_linear_gemm_kernel **kernels) { return rows_of(&w8, kernels); }
int qn_w4_gemm_kernels(const qn_linear_gemm_kernel **kernels) { return rows_of(&w4, kernels); }
