#include "CKernels.h"
#include "kernels.h"

#include <math.h>

void qn_f32_softmax__portable(size_t rows, size_t columns, const float *x, size_t x_stride, float *y,
                              size_t y_stride) {
  for (size_t row = 0; row < rows; row++, x += x_stride, y += y_stride) {
    float largest = x[0], sum = 0;
    for (size_t c = 1; c < columns; c++) largest = x[c] > largest ? x[c] : largest;
    for (size_t c = 0; c < columns; c++) sum += y[c] = expf(x[c] - largest);
    for (size_t c = 0; c < columns; c++) y[c] /= sum;
  }
}

void qn_f32_layernorm__portable(size_t rows, size_t columns, const float *x, size_t x_stride, const float *gain,
                                const float *bias, float epsilon, float *y, size_t y_stride) {
  for (size_t row = 0; row < rows; row++, x += x_stride, y += y_stride) {
    float mean = 0, variance = 0;
    for (size_t c = 0; c < columns; c++) mean += x[c];
    mean /= (float)columns;
    for (size_t c = 0; c < columns; c++) variance += (x[c] - mean) * (x[c] - mean);
    float scale = 1 / sqrtf(variance / (float)columns + epsilon);
    for (size_t c = 0; c < columns; c++) y[c] = (x[c] - mean) * scale * gain[c] + bias[c];
  }
}
