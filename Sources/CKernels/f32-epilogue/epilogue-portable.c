#include "../simd/portable.h"
#include "kernels.h"

void qn_f32_epilogue__portable(size_t rows, size_t channels, const float *x, size_t x_stride, const float *scale,
                               const float *shift, const float *residual, size_t residual_stride,
                               qn_activation activation, float *y, size_t y_stride) {
  for (size_t row = 0; row < rows; row++) {
    for (size_t c = 0; c < channels; c++) {
      float value = x[row * x_stride + c];
      if (scale) value *= scale[c];
      if (shift) value += shift[c];
      if (residual) value += residual[row * residual_stride + c];
      y[row * y_stride + c] = qn_activate(value, activation);
    }
  }
}
