#include "CKernels.h"
#include "kernels.h"
#include "scalar.h"

void qn_f32_binary__portable(qn_binary operation, size_t count, const float *a, size_t a_step, const float *b,
                             size_t b_step, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = qn_combine(operation, a[i * a_step], b[i * b_step]);
}
