#include "../simd/portable.h"
#include "kernels.h"

enum { panel = 8 };

static void one_row(size_t columns, size_t width, size_t k, const float *a, const float *packed,
                    const float *residual, qn_activation activation, float *c) {
  float sums[panel];
  for (size_t j = 0; j < width; j++) sums[j] = packed[j];
  for (size_t i = 0; i < k; i++) {
    const float *b = packed + (i + 1) * width;
    for (size_t j = 0; j < width; j++) sums[j] += a[i] * b[j];
  }
  for (size_t j = 0; j < columns; j++) {
    c[j] = qn_activate(residual ? sums[j] + residual[j] : sums[j], activation);
  }
}

void qn_f32_gemm__portable(size_t m, size_t n, size_t k, const float *a, size_t a_stride, const float *packed,
                           const qn_epilogue *epilogue, float *c, size_t c_stride) {
  for (size_t j = 0; j < n; j += panel) {
    size_t columns = n - j < panel ? n - j : panel;
    size_t width = columns <= panel / 2 ? panel / 2 : panel;
    for (size_t row = 0; row < m; row++) {
      const float *residual = epilogue->residual;
      if (residual) residual += row * epilogue->residual_stride + j;
      one_row(columns, width, k, a + row * a_stride, packed, residual, epilogue->activation, c + row * c_stride + j);
    }
    packed += (k + 1) * width;
  }
}
