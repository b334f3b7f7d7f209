#include "CKernels.h"
#include "kernels.h"

const qn_f32_training_kernels *qn_f32_training(qn_isa isa) {
  switch (isa) {
    case qn_portable: return &qn_f32_training__portable;
    case qn_avx2: return &qn_f32_training__avx2;
    case qn_avx512: return &qn_f32_training__avx512;
  }
  return &qn_f32_training__portable;
}

size_t qn_f32_depthwise_scratch(const qn_window *w) {
  // The widest vector, 16 elements, for two sets of taps, a row, the padded image and the padded gradient.
  size_t reach_y = (size_t)(w->kernel_height - 1) * (size_t)w->dilation_y;
  size_t reach_x = (size_t)(w->kernel_width - 1) * (size_t)w->dilation_x;
  size_t image = ((size_t)(w->out_height - 1) * (size_t)w->stride_y + reach_y + 1) *
                 ((size_t)(w->out_width - 1) * (size_t)w->stride_x + reach_x + 1);
  size_t gathered = ((size_t)w->height + reach_y) * ((size_t)w->width + reach_x);
  size_t alone = (size_t)w->out_height * (size_t)w->out_width;
  size_t taps = 2 * (size_t)w->kernel_height * (size_t)w->kernel_width;
  return 16 * (taps + (size_t)w->width + image + (gathered > alone ? gathered : alone));
}
