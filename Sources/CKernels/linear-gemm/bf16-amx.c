#include "kernels.h"

#include <immintrin.h>
#include <string.h>

#define INLINE __attribute__((always_inline)) static inline

#define TARGET "amx-tile,amx-bf16,avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx512bf16,avx2,fma"
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#include "../simd/avx512.h"
#include "linear.h"
#include "bf16-vectors.h"

// One or two rows are bound by memory, and keep no tile busy: the vector unit reads the same panels.
static void few_rows(size_t m, size_t n, size_t k, const float *a, size_t a_stride, const void *packed, void *scratch,
                     float *c, size_t c_stride);
#define KERNEL few_rows
#define TALLEST 6
enum { tallest = TALLEST, depth = 32, parts_of_one = 6 };
#include "bf16-product.h"

// Tiles 0 to 3 are sums: upper left, upper right, lower left, lower right; 4 and 5 are rows of A, 6 and 7 columns of B.
// All tiles have the same height, so that one configuration serves a whole call: the last one moves up instead, and
// finds the same sums again.

enum { tile_rows = 16, tile_bytes = 64 };

typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t bytes[16];
  uint8_t rows[16];
} tile_shapes;

typedef struct {
  size_t m, n, steps, height, tiles;
  // Rows in BF16; the stride is in bytes.
  const char *a;
  size_t a_stride;
  const char *packed;
  float *c;
  size_t c_stride;
} tile_product;

INLINE size_t first_row(const tile_product *p, size_t tile) {
  size_t row = tile * p->height;
  return row + p->height > p->m ? p->m - p->height : row;
}

// Stores a tile of sums whose columns may end early. `number` is a constant.
#define STORE(number, p, row, column)                                                          \
  do {                                                                                         \
    float *to = (p)->c + (row) * (p)->c_stride + (column);                                     \
    if ((p)->n - (column) >= tile_rows) {                                                      \
      _tile_stored(number, to, (p)->c_stride * sizeof(float));                                 \
    } else {                                                                                   \
      float buffer[tile_rows * tile_rows] __attribute__((aligned(64)));                        \
      _tile_stored(number, buffer, tile_bytes);                                                \
      for (size_t r = 0; r < (p)->height; r++) {                                               \
        v_store_masked(to + r * (p)->c_stride, v_load(buffer + r * tile_rows),                 \
                       v_first((int)((p)->n - (column))));                                     \
      }                                                                                        \
    }                                                                                          \
  } while (0)

// The sums of `high` by `wide` tiles, both 1 or 2 and constants at every call.
INLINE void block(const tile_product *p, size_t tile, size_t column, int high, int wide) {
  size_t row = first_row(p, tile), below = first_row(p, tile + high - 1);
  size_t b_stride = wide * tile_bytes;
  const char *b = p->packed + column * (4 + p->steps * tile_bytes);
  const char *upper = p->a + row * p->a_stride, *lower = p->a + below * p->a_stride;
  _tile_loadd(0, b, 0);
  if (high == 2) _tile_loadd(2, b, 0);
  if (wide == 2) _tile_loadd(1, b + tile_bytes, 0);
  if (high == 2 && wide == 2) _tile_loadd(3, b + tile_bytes, 0);
  b += b_stride;
  for (size_t step = 0; step < p->steps; step++, b += tile_rows * b_stride) {
    _tile_loadd(6, b, b_stride);
    _tile_loadd(4, upper + step * tile_bytes, p->a_stride);
    _tile_dpbf16ps(0, 4, 6);
    if (high == 2) {
      _tile_loadd(5, lower + step * tile_bytes, p->a_stride);
      _tile_dpbf16ps(2, 5, 6);
    }
    if (wide == 2) {
      _tile_loadd(7, b + tile_bytes, b_stride);
      _tile_dpbf16ps(1, 4, 7);
      if (high == 2) _tile_dpbf16ps(3, 5, 7);
    }
  }
  STORE(0, p, row, column);
  if (high == 2) STORE(2, p, below, column);
  if (wide == 2) STORE(1, p, row, column + tile_rows);
  if (high == 2 && wide == 2) STORE(3, p, below, column + tile_rows);
}

INLINE void any_block(const tile_product *p, size_t tile, size_t column) {
  int high = tile + 1 < p->tiles, wide = p->n - column > tile_rows;
  if (high && wide) return block(p, tile, column, 2, 2);
  if (high) return block(p, tile, column, 2, 1);
  if (wide) return block(p, tile, column, 1, 2);
  block(p, tile, column, 1, 1);
}

void qn_bf16_gemm__amx(size_t m, size_t n, size_t k, const float *a, size_t a_stride, const void *packed, void *scratch,
                       float *c, size_t c_stride) {
  if (m <= 2) return few_rows(m, n, k, a, a_stride, packed, scratch, c, c_stride);
  size_t filled = (k + depth - 1) / depth * depth, tiles = (m + tile_rows - 1) / tile_rows;
  size_t stride = filled + row_gap / sizeof(uint16_t);
  round_rows(m, k, a, a_stride, scratch, filled, stride);
  tile_product p = {m, n, filled / depth, (m + tiles - 1) / tiles, tiles, scratch, stride * 2, packed, c, c_stride};
  tile_shapes shapes = {.palette = 1};
  for (int i = 0; i < 8; i++) {
    shapes.rows[i] = (uint8_t)(i < 6 ? p.height : tile_rows);
    shapes.bytes[i] = tile_bytes;
  }
  _tile_loadconfig(&shapes);
  for (size_t column = 0; column < n; column += 2 * tile_rows) {
    for (size_t tile = 0; tile < tiles; tile += 2) any_block(&p, tile, column);
  }
  _tile_release();
}
#pragma clang attribute pop
