#include "../simd/bytes.h"
#include "kernels.h"

void qn_u8_add__portable(size_t count, const uint8_t *a, const uint8_t *b, const qn_u8_addition *addition, uint8_t *z) {
  const qn_u8_addition *s = addition;
  for (size_t i = 0; i < count; i++) {
    float second = s->b_scale * (float)(b[i] - s->b_zero);
    z[i] = qn_byte(fmaf(s->a_scale, (float)(a[i] - s->a_zero), second), s->zero, s->low, s->high);
    if (s->table) z[i] = s->table[z[i]];
  }
}
