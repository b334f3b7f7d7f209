#include "kernels.h"

#include <math.h>

// The definition is a sequence of single FP32 operations.
#pragma STDC FP_CONTRACT OFF

enum { panel = 8 };

static float clamped(float x, int32_t low, int32_t high) {
  return x < (float)low ? (float)low : x > (float)high ? (float)high : x;
}

static uint8_t requantised(int32_t sum, float scale, const qn_requantisation *r, const uint8_t *residual) {
  int32_t q = r->zero + (int32_t)rintf(clamped((float)sum * scale, r->low - r->zero, r->high - r->zero));
  if (r->table) q = r->table[q];
  if (residual) {
    float other = r->residual_scale * (float)(*residual - r->residual_zero);
    float x = fmaf(r->own_scale, (float)(q - r->own_zero), other);
    q = r->sum_zero + (int32_t)rintf(clamped(x, r->sum_low - r->sum_zero, r->sum_high - r->sum_zero));
  }
  return (uint8_t)q;
}

static void one_row(size_t columns, size_t width, size_t k, const uint8_t *a, const int32_t *bias, int32_t *sums) {
  const int8_t *groups = (const int8_t *)(bias + width);
  for (size_t j = 0; j < columns; j++) {
    sums[j] = bias[j];
    for (size_t i = 0; i < k; i++) sums[j] += a[i] * groups[(i / 4 * width + j) * 4 + i % 4];
  }
}

void qn_u8_gemm__portable(size_t m, size_t n, size_t k, const uint8_t *a, size_t a_stride, const void *packed,
                          const qn_requantisation *r, uint8_t *c, size_t c_stride) {
  const char *bias = packed;
  for (size_t j = 0; j < n; j += panel) {
    size_t columns = n - j < panel ? n - j : panel;
    size_t width = columns <= panel / 2 ? panel / 2 : panel;
    for (size_t row = 0; row < m; row++) {
      int32_t sums[panel];
      one_row(columns, width, k, a + row * a_stride, (const int32_t *)bias, sums);
      for (size_t i = 0; i < columns; i++) {
        size_t column = j + i;
        if (r->real) {
          r->real[row * r->real_stride + column] = (float)sums[i] * r->scale[column];
        } else {
          const uint8_t *residual = r->residual ? r->residual + row * r->residual_stride + column : 0;
          c[row * c_stride + column] = requantised(sums[i], r->scale[column], r, residual);
        }
      }
    }
    bias += width * (4 + (k + 3) / 4 * 4);
  }
}
