#include "../simd/bytes.h"
#include "kernels.h"

void qn_u8_quantise__portable(size_t count, const float *x, float scale, uint8_t zero, uint8_t *y) {
  for (size_t i = 0; i < count; i++) y[i] = qn_byte(x[i] / scale, zero, 0, 255);
}

void qn_u8_dequantise__portable(size_t count, const uint8_t *x, float scale, uint8_t zero, float *y) {
  for (size_t i = 0; i < count; i++) y[i] = (float)(x[i] - zero) * scale;
}

void qn_u8_quantise_planes__portable(size_t pixels, size_t channels, const float *x, size_t plane, float scale,
                                     uint8_t zero, uint8_t *y) {
  for (size_t pixel = 0; pixel < pixels; pixel++) {
    for (size_t c = 0; c < channels; c++) y[pixel * channels + c] = qn_byte(x[c * plane + pixel] / scale, zero, 0, 255);
  }
}

void qn_u8_dequantise_planes__portable(size_t pixels, size_t channels, const uint8_t *x, float scale, uint8_t zero,
                                       float *y, size_t plane) {
  for (size_t c = 0; c < channels; c++) {
    for (size_t pixel = 0; pixel < pixels; pixel++) {
      y[c * plane + pixel] = (float)(x[pixel * channels + c] - zero) * scale;
    }
  }
}
