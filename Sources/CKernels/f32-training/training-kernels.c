#include "CKernels.h"
#include "depthwise-scratch.h"
#include "kernels.h"

const qn_f32_training_kernels *qn_f32_training(qn_isa isa) {
  switch (isa) {
    case qn_portable: return &qn_f32_training__portable;
    case qn_avx2: return &qn_f32_training__avx2;
    case qn_avx512:
    case qn_amx: return &qn_f32_training__avx512;
  }
  return &qn_f32_training__portable;
}

size_t qn_f32_depthwise_scratch(const qn_window *window) {
  size_t one_vector = qn_depthwise_widest * qn_depthwise_channel_elements(window);
  return one_vector > qn_depthwise_budget ? one_vector : qn_depthwise_budget;
}
