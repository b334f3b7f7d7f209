#include "../simd/bytes.h"
#include "kernels.h"

void qn_u8_gate__portable(size_t pixels, size_t channels, const uint8_t *x, const uint8_t *gate,
                          const qn_u8_multiplication *multiplication, uint8_t *y) {
  const qn_u8_multiplication *m = multiplication;
  for (size_t pixel = 0; pixel < pixels; pixel++, x += channels, y += channels) {
    for (size_t c = 0; c < channels; c++) {
      int32_t product = (x[c] - m->x_zero) * (gate[c] - m->gate_zero);
      y[c] = qn_byte((float)product * m->scale, m->zero, m->low, m->high);
    }
  }
}
