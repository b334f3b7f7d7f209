#include "../simd/portable.h"
#include "kernels.h"
#include "points.h"

enum { largest = 6 };

// The matrices of one F(m, 3), after Cook and Toom: y = Aᵀ ((G g) · (Bᵀ d)).
//
// Let N be the product of (x - p) over the finite points. Row i of Bᵀ holds the coefficients of N / (x - p_i), row i of
// G the powers of p_i divided by N'(p_i), column i of Aᵀ the powers of p_i; infinity takes the coefficients of N and the
// highest powers alone.
typedef struct {
  int m, n;
  double at[largest][largest], g[largest][3], bt[largest][largest];
} transform;

// Multiplies a polynomial of `degree` by (x - p).
static void multiply(double *polynomial, int degree, double p) {
  polynomial[degree + 1] = 0;
  for (int i = degree + 1; i > 0; i--) polynomial[i] = polynomial[i - 1] - p * polynomial[i];
  polynomial[0] *= -p;
}

static void set_point(transform *t, int i, const double *points, int finite) {
  double polynomial[largest + 1] = {1}, slope = 1, power = 1;
  int degree = 0;
  for (int j = 0; j < finite; j++) {
    if (j == i) continue;
    multiply(polynomial, degree++, points[j]);
    if (i < finite) slope *= points[i] - points[j];
  }
  for (int j = 0; j < t->n; j++) t->bt[i][j] = j <= degree ? polynomial[j] : 0;
  for (int j = 0; j < t->n; j++, power *= i < finite ? points[i] : 1) {
    if (j < t->m) t->at[j][i] = i < finite ? power : j == t->m - 1;
    if (j < 3) t->g[i][j] = i < finite ? power / slope : j == 2;
  }
}

static transform transform_of(int tile) {
  static const double two[] = {0, 1, -1}, four[] = {0, FAR, -FAR, NEAR, -NEAR};
  transform t = {.m = tile, .n = tile + 2};
  for (int i = 0; i < t.n; i++) set_point(&t, i, tile == 2 ? two : four, t.n - 1);
  return t;
}

// G g Gᵀ.
static void transform_filter(const transform *t, const float *filter, float *to, size_t stride) {
  double half[largest][3];
  for (int i = 0; i < t->n; i++) {
    for (int x = 0; x < 3; x++) {
      half[i][x] = 0;
      for (int y = 0; y < 3; y++) half[i][x] += t->g[i][y] * (double)filter[y * 3 + x];
    }
    for (int j = 0; j < t->n; j++, to += stride) {
      *to = (float)(half[i][0] * t->g[j][0] + half[i][1] * t->g[j][1] + half[i][2] * t->g[j][2]);
    }
  }
}

void qn_f32_winograd_filters(int tile, size_t count, const float *filters, float *transformed) {
  transform t = transform_of(tile);
  for (size_t f = 0; f < count; f++) transform_filter(&t, filters + 9 * f, transformed + f, count);
}

// One channel of one tile, its top left pixel at (top, left).
static void input_tile(const transform *t, const qn_window *w, const float *x, int top, int left, float *to,
                       size_t stride) {
  float half[largest][largest];
  for (int i = 0; i < t->n; i++) {
    for (int j = 0; j < t->n; j++) {
      half[i][j] = 0;
      for (int k = 0; k < t->n; k++) {
        int row = top + k, column = left + j;
        if (row < 0 || row >= w->height || column < 0 || column >= w->width) continue;
        half[i][j] += (float)t->bt[i][k] * x[((size_t)row * w->width + column) * w->channels];
      }
    }
  }
  for (int i = 0; i < t->n; i++) {
    for (int j = 0; j < t->n; j++) {
      float sum = 0;
      for (int k = 0; k < t->n; k++) sum += half[i][k] * (float)t->bt[j][k];
      to[(size_t)(i * t->n + j) * stride] = sum;
    }
  }
}

static void input(int tile, const qn_window *w, const float *x, size_t tile_begin, size_t tile_end, float *matrices,
                  size_t matrix_stride) {
  transform t = transform_of(tile);
  size_t across = (size_t)(w->out_width + tile - 1) / tile;
  for (size_t i = tile_begin; i < tile_end; i++) {
    int top = (int)(i / across) * tile - w->pad_top, left = (int)(i % across) * tile - w->pad_left;
    for (int c = 0; c < w->channels; c++) input_tile(&t, w, x + c, top, left, matrices++, matrix_stride);
  }
}

// One channel of one tile as m × m pixels.
static void output_tile(const transform *t, const float *from, size_t stride, float pixels[largest][largest]) {
  float half[largest][largest];
  for (int i = 0; i < t->m; i++) {
    for (int j = 0; j < t->n; j++) {
      half[i][j] = 0;
      for (int k = 0; k < t->n; k++) half[i][j] += (float)t->at[i][k] * from[(size_t)(k * t->n + j) * stride];
    }
  }
  for (int i = 0; i < t->m; i++) {
    for (int j = 0; j < t->m; j++) {
      pixels[i][j] = 0;
      for (int k = 0; k < t->n; k++) pixels[i][j] += half[i][k] * (float)t->at[j][k];
    }
  }
}

static void output(int tile, const qn_window *w, const float *matrices, size_t matrix_stride, size_t tile_begin,
                   size_t tile_end, size_t channels, const float *bias, const qn_epilogue *epilogue, float *y) {
  transform t = transform_of(tile);
  size_t across = (size_t)(w->out_width + tile - 1) / tile;
  for (size_t i = tile_begin; i < tile_end; i++) {
    int top = (int)(i / across) * tile, left = (int)(i % across) * tile;
    for (size_t c = 0; c < channels; c++) {
      float pixels[largest][largest];
      output_tile(&t, matrices++, matrix_stride, pixels);
      for (int row = top; row < top + tile && row < w->out_height; row++) {
        for (int column = left; column < left + tile && column < w->out_width; column++) {
          size_t at = ((size_t)row * w->out_width + column) * channels + c;
          float value = pixels[row - top][column - left];
          if (bias) value += bias[c];
          if (epilogue->residual) value += epilogue->residual[at];
          y[at] = qn_activate(value, epilogue->activation);
        }
      }
    }
  }
}

#define KERNELS(tile)                                                                                             \
  void qn_f32_winograd_input_##tile##__portable(const qn_window *window, const float *x, size_t tile_begin,       \
                                                size_t tile_end, float *matrices, size_t matrix_stride) {         \
    input(tile, window, x, tile_begin, tile_end, matrices, matrix_stride);                                        \
  }                                                                                                               \
  void qn_f32_winograd_output_##tile##__portable(const qn_window *window, const float *matrices,                  \
                                                 size_t matrix_stride, size_t tile_begin, size_t tile_end,        \
                                                 size_t channels, const float *bias, const qn_epilogue *epilogue, \
                                                 float *y) {                                                      \
    output(tile, window, matrices, matrix_stride, tile_begin, tile_end, channels, bias, epilogue, y);             \
  }
KERNELS(2)
KERNELS(4)
