#include "../cpu/levels.h"
#include "CKernels.h"
#include "bounds.h"
#include "kernels.h"

int qn_f64_meeting_kernels(const qn_f64_meeting_kernel **kernels) {
#define KERNEL_ROW(isa) {"f64_meeting__" #isa, qn_##isa, qn_f64_meeting__##isa},
  static const qn_f64_meeting_kernel table[] = {QN_F64_MEETING_KERNELS(KERNEL_ROW)};
  *kernels = table;
  return !qn_runs_avx2() ? 1 : !qn_runs_avx512() ? 2 : 3;
}

float qn_f64_below(double x, double size) { return below(x, size); }

float qn_f64_above(double x, double size) { return above(x, size); }
