#include "bf16.h"
#include "kernels.h"

enum { panel = 8, group = 32 };

// Columns of the panel that starts at `column`, and how many of them exist.
typedef struct {
  size_t width, columns;
} extent;

static extent extent_at(size_t column, size_t n) {
  size_t columns = n - column < panel ? n - column : panel;
  return (extent){columns <= panel / 2 ? panel / 2 : panel, columns};
}

void qn_bf16_gemm__portable(size_t m, size_t n, size_t k, const float *a, size_t a_stride, const void *packed,
                            void *scratch, float *c, size_t c_stride) {
  size_t depth = (k + 1) / 2 * 2;
  uint16_t *rows = scratch;
  bf16_rows(m, k, a, a_stride, rows, depth, depth);
  const char *at = packed;
  for (size_t j = 0; j < n; j += panel) {
    extent e = extent_at(j, n);
    const float *bias = (const float *)at;
    const uint16_t *weights = (const uint16_t *)(bias + e.width);
    for (size_t row = 0; row < m; row++) {
      for (size_t x = 0; x < e.columns; x++) {
        float sum = bias[x];
        for (size_t i = 0; i < k; i++) {
          sum += bf16_value(rows[row * depth + i]) * bf16_value(weights[(i / 2 * e.width + x) * 2 + i % 2]);
        }
        c[row * c_stride + j + x] = sum;
      }
    }
    at += e.width * (sizeof(float) + depth * sizeof(uint16_t));
  }
}

void qn_w8_gemm__portable(size_t m, size_t n, size_t k, const float *a, size_t a_stride, const void *packed,
                          void *scratch, float *c, size_t c_stride) {
  (void)scratch;
  const char *at = packed;
  for (size_t j = 0; j < n; j += panel) {
    extent e = extent_at(j, n);
    const float *bias = (const float *)at, *scale = bias + e.width;
    const int8_t *weights = (const int8_t *)(scale + e.width);
    for (size_t row = 0; row < m; row++) {
      for (size_t x = 0; x < e.columns; x++) {
        float sum = 0;
        for (size_t i = 0; i < k; i++) sum += a[row * a_stride + i] * (float)weights[i * e.width + x];
        c[row * c_stride + j + x] = bias[x] + scale[x] * sum;
      }
    }
    at += e.width * (2 * sizeof(float) + k);
  }
}

// Weight `i` of a group, of a column whose words are `stride` apart.
static int nibble(const uint32_t *words, size_t stride, size_t i) {
  return (int32_t)(words[i / 8 * stride] << (28 - i % 8 * 4)) >> 28;
}

void qn_w4_gemm__portable(size_t m, size_t n, size_t k, const float *a, size_t a_stride, const void *packed,
                          void *scratch, float *c, size_t c_stride) {
  (void)scratch;
  size_t groups = (k + group - 1) / group;
  const char *at = packed;
  for (size_t j = 0; j < n; j += panel) {
    extent e = extent_at(j, n);
    const float *bias = (const float *)at;
    for (size_t row = 0; row < m; row++) {
      for (size_t x = 0; x < e.columns; x++) {
        float sum = bias[x];
        for (size_t g = 0; g < groups; g++) {
          const float *scale = bias + e.width * (1 + g * 5);
          float part = 0;
          for (size_t i = 0; i < group && g * group + i < k; i++) {
            int weight = nibble((const uint32_t *)(scale + e.width) + x, e.width, i);
            part += a[row * a_stride + g * group + i] * (float)weight;
          }
          sum += scale[x] * part;
        }
        c[row * c_stride + j + x] = sum;
      }
    }
    at += e.width * sizeof(float) * (1 + groups * 5);
  }
}
