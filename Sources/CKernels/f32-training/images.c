#include "CKernels.h"

#include <math.h>
#include <string.h>

// Kernels that move memory or are rare: plain loops that compilers vectorise well enough.

void qn_f32_copy_strided(size_t rows, size_t columns, const float *x, size_t x_row, size_t x_column, float *y,
                         size_t y_row, size_t y_column) {
  for (size_t row = 0; row < rows; row++, x += x_row, y += y_row) {
    if (x_column == 1 && y_column == 1) {
      memcpy(y, x, columns * sizeof(float));
    } else {
      for (size_t column = 0; column < columns; column++) y[column * y_column] = x[column * x_column];
    }
  }
}

// The pixels of the image that a window covers.
typedef struct {
  int top, bottom, left, right;
} cover;

static inline int clamped(int value, int low, int high) { return value < low ? low : value > high ? high : value; }

static cover covered(const qn_window *w, int oy, int ox) {
  int y = oy * w->stride_y - w->pad_top, x = ox * w->stride_x - w->pad_left;
  cover c = {clamped(y, 0, w->height), clamped(y + w->kernel_height, 0, w->height), clamped(x, 0, w->width),
             clamped(x + w->kernel_width, 0, w->width)};
  return c;
}

static void pool_window(const qn_window *w, int maximum, cover r, const float *x, float *y) {
  for (int c = 0; c < w->channels; c++) y[c] = maximum ? -INFINITY : 0;
  for (int iy = r.top; iy < r.bottom; iy++) {
    for (int ix = r.left; ix < r.right; ix++) {
      const float *from = x + ((size_t)iy * w->width + ix) * w->channels;
      if (maximum) {
        for (int c = 0; c < w->channels; c++) y[c] = from[c] > y[c] ? from[c] : y[c];
      } else {
        for (int c = 0; c < w->channels; c++) y[c] += from[c];
      }
    }
  }
  int count = (r.bottom - r.top) * (r.right - r.left);
  if (count == 0) {
    // Nothing but padding.
    for (int c = 0; c < w->channels; c++) y[c] = 0;
  } else if (!maximum) {
    float share = 1.0f / (float)count;
    for (int c = 0; c < w->channels; c++) y[c] *= share;
  }
}

void qn_f32_pool(const qn_window *w, int maximum, const float *x, float *y) {
  for (int oy = 0; oy < w->out_height; oy++) {
    for (int ox = 0; ox < w->out_width; ox++, y += w->channels) {
      pool_window(w, maximum, covered(w, oy, ox), x, y);
    }
  }
}

static void maximum_backward(const qn_window *w, cover r, const float *x, const float *dy, float *dx) {
  for (int c = 0; c < w->channels; c++) {
    size_t best = ((size_t)r.top * w->width + r.left) * w->channels + c;
    for (int iy = r.top; iy < r.bottom; iy++) {
      for (int ix = r.left; ix < r.right; ix++) {
        size_t at = ((size_t)iy * w->width + ix) * w->channels + c;
        if (x[at] > x[best]) best = at;
      }
    }
    dx[best] += dy[c];
  }
}

static void average_backward(const qn_window *w, cover r, const float *dy, float *dx) {
  float share = 1.0f / (float)((r.bottom - r.top) * (r.right - r.left));
  for (int iy = r.top; iy < r.bottom; iy++) {
    for (int ix = r.left; ix < r.right; ix++) {
      float *to = dx + ((size_t)iy * w->width + ix) * w->channels;
      for (int c = 0; c < w->channels; c++) to[c] += dy[c] * share;
    }
  }
}

void qn_f32_pool_backward(const qn_window *w, int maximum, const float *x, const float *dy, float *dx) {
  for (int oy = 0; oy < w->out_height; oy++) {
    for (int ox = 0; ox < w->out_width; ox++, dy += w->channels) {
      cover r = covered(w, oy, ox);
      if (r.top >= r.bottom || r.left >= r.right) continue;
      if (maximum) {
        maximum_backward(w, r, x, dy, dx);
      } else {
        average_backward(w, r, dy, dx);
      }
    }
  }
}

// The two neighbours of a resized position and the share of the second.
typedef struct {
  int low, high;
  float share;
} neighbours;

static neighbours around(int position, int extent, int out_extent) {
  float centre = ((float)position + 0.5f) * ((float)extent / (float)out_extent) - 0.5f;
  centre = centre < 0 ? 0 : centre > (float)(extent - 1) ? (float)(extent - 1) : centre;
  int low = (int)centre;
  neighbours n = {low, low + 1 < extent ? low + 1 : low, centre - (float)low};
  return n;
}

void qn_f32_resize(int channels, int height, int width, const float *x, int out_height, int out_width, float *y) {
  size_t line = (size_t)width * channels;
  for (int oy = 0; oy < out_height; oy++) {
    neighbours v = around(oy, height, out_height);
    const float *top = x + v.low * line, *bottom = x + v.high * line;
    for (int ox = 0; ox < out_width; ox++, y += channels) {
      neighbours h = around(ox, width, out_width);
      for (int c = 0; c < channels; c++) {
        size_t l = (size_t)h.low * channels + c, r = (size_t)h.high * channels + c;
        float upper = top[l] + (top[r] - top[l]) * h.share, lower = bottom[l] + (bottom[r] - bottom[l]) * h.share;
        y[c] = upper + (lower - upper) * v.share;
      }
    }
  }
}

void qn_f32_resize_backward(int channels, int height, int width, float *dx, int out_height, int out_width,
                            const float *dy) {
  size_t line = (size_t)width * channels;
  for (int oy = 0; oy < out_height; oy++) {
    neighbours v = around(oy, height, out_height);
    float *top = dx + v.low * line, *bottom = dx + v.high * line;
    for (int ox = 0; ox < out_width; ox++, dy += channels) {
      neighbours h = around(ox, width, out_width);
      for (int c = 0; c < channels; c++) {
        size_t l = (size_t)h.low * channels + c, r = (size_t)h.high * channels + c;
        float upper = dy[c] * (1 - v.share), lower = dy[c] * v.share;
        top[l] += upper * (1 - h.share);
        top[r] += upper * h.share;
        bottom[l] += lower * (1 - h.share);
        bottom[r] += lower * h.share;
      }
    }
  }
}

// Calls `run(column, image, count)` for every run of a window's row that lies inside the image: neighbouring taps are
// neighbours in memory where the dilation is 1.
#define QN_FOR_RUNS(w, iy, x0, run)                                                            \
  do {                                                                                         \
    size_t channels = (size_t)(w)->channels;                                                   \
    if ((w)->dilation_x == 1) {                                                                \
      int begin = (x0) < 0 ? -(x0) : 0;                                                        \
      int end = (x0) + (w)->kernel_width > (w)->width ? (w)->width - (x0) : (w)->kernel_width; \
      if (begin < end)                                                                         \
        run((size_t)begin * channels, ((size_t)(iy) * (w)->width + (x0) + begin) * channels,   \
            (size_t)(end - begin) * channels);                                                 \
    } else {                                                                                   \
      for (int kx = 0; kx < (w)->kernel_width; kx++) {                                         \
        int ix = (x0) + kx * (w)->dilation_x;                                                  \
        if (ix < 0 || ix >= (w)->width) continue;                                              \
        run((size_t)kx * channels, ((size_t)(iy) * (w)->width + ix) * channels, channels);     \
      }                                                                                        \
    }                                                                                          \
  } while (0)

void qn_f32_unroll(const qn_window *w, const float *x, int row_begin, int row_end, float *columns) {
  size_t line = (size_t)w->kernel_width * w->channels;
  for (int oy = row_begin; oy < row_end; oy++) {
    for (int ox = 0; ox < w->out_width; ox++) {
      int x0 = ox * w->stride_x - w->pad_left;
      int inside = w->dilation_x == 1 && x0 >= 0 && x0 + w->kernel_width <= w->width;
      for (int ky = 0; ky < w->kernel_height; ky++, columns += line) {
        int iy = oy * w->stride_y - w->pad_top + ky * w->dilation_y;
        if (!inside || iy < 0 || iy >= w->height) memset(columns, 0, line * sizeof(float));
        if (iy < 0 || iy >= w->height) continue;
#define RUN(column, image, count) memcpy(columns + (column), x + (image), (count) * sizeof(float))
        QN_FOR_RUNS(w, iy, x0, RUN);
#undef RUN
      }
    }
  }
}

void qn_f32_fold(const qn_window *w, const float *columns, int row_begin, int row_end, float *x) {
  size_t line = (size_t)w->kernel_width * w->channels;
  for (int oy = row_begin; oy < row_end; oy++) {
    for (int ox = 0; ox < w->out_width; ox++) {
      int x0 = ox * w->stride_x - w->pad_left;
      for (int ky = 0; ky < w->kernel_height; ky++, columns += line) {
        int iy = oy * w->stride_y - w->pad_top + ky * w->dilation_y;
        if (iy < 0 || iy >= w->height) continue;
#define RUN(column, image, count) \
  for (size_t i = 0; i < (count); i++) x[(image) + i] += columns[(column) + i]
        QN_FOR_RUNS(w, iy, x0, RUN);
#undef RUN
      }
    }
  }
}

void qn_f32_augment(const uint8_t *planes, int channels, int height, int width, const qn_augmentation *a,
                    const float *blank, float *y) {
  for (int oy = 0; oy < height; oy++) {
    int iy = oy + a->shift_y;
    int cuts = a->cut_size > 0 && oy >= a->cut_top && oy - a->cut_top < a->cut_size;
    for (int ox = 0; ox < width; ox++, y += channels) {
      int ix = ox + a->shift_x;
      int inside = iy >= 0 && iy < height && ix >= 0 && ix < width;
      if (cuts && ox >= a->cut_left && ox - a->cut_left < a->cut_size) inside = 0;
      if (a->mirrored) ix = width - 1 - ix;
      for (int c = 0; c < channels; c++) {
        y[c] = inside ? (float)planes[((size_t)c * height + iy) * width + ix] : blank[c];
      }
    }
  }
}
