#include "kernels.h"

#include <immintrin.h>
#include <string.h>

#define INLINE __attribute__((always_inline)) static inline
#define HAS_VBMI 1

#define TARGET "amx-tile,amx-int8,avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx512vnni,avx512vbmi,avx2,fma"
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#include "requantise-avx512.h"

// Tiles 0 to 3 are sums: upper left, upper right, lower left, lower right; 4 and 5 are rows of A, 6 and 7 columns of B.
// Every block of sums goes to a buffer in the first-level cache, and is finished there, some rows at a time, while the
// tile unit is busy with the next block: the two use different parts of the core.

enum { tile_rows = 16, tile_bytes = 64, block_rows = 2 * tile_rows, block_columns = 32 };

typedef struct {
  uint8_t palette, start_row, reserved[14];
  uint16_t bytes[16];
  uint8_t rows[16];
} tile_shapes;

typedef struct {
  size_t m, n;
  // Tiles of k; rows of a tile and the number of tiles that A has from top to bottom.
  size_t steps, height, tiles;
  const uint8_t *a;
  size_t a_stride;
  const char *packed;
  destination to;
} product;

// Sums in the buffer that are still to be finished.
typedef struct {
  const int32_t *sums;
  size_t row, rows, column, columns;
  int width;
} unfinished;

INLINE void finish(const product *p, unfinished *u, size_t rows) {
  if (rows > u->rows) rows = u->rows;
  if (rows == 0) return;
  requantise(&p->to, u->sums, u->row, rows, u->column, u->columns, u->width);
  u->sums += rows * u->width;
  u->row += rows;
  u->rows -= rows;
}

// All tiles have the same height, so that one configuration serves a whole call: the last one moves up instead, and
// finds sums again that the one above it has found.
INLINE size_t first_row(const product *p, size_t tile) {
  size_t row = tile * p->height;
  return row + p->height > p->m ? p->m - p->height : row;
}

// The sums of `high` by `wide` tiles, both 1 or 2 and constants at every call; finishes the block before meanwhile.
INLINE void block(const product *p, size_t tile, size_t column, int high, int wide, int32_t *sums, unfinished *u) {
  size_t row = first_row(p, tile), below = first_row(p, tile + high - 1);
  size_t b_stride = wide * tile_bytes;
  const char *b = p->packed + column * (4 + p->steps * tile_bytes);
  _tile_loadd(0, b, 0);
  if (high == 2) _tile_loadd(2, b, 0);
  if (wide == 2) _tile_loadd(1, b + tile_bytes, 0);
  if (high == 2 && wide == 2) _tile_loadd(3, b + tile_bytes, 0);
  b += b_stride;
  const uint8_t *upper = p->a + row * p->a_stride, *lower = p->a + below * p->a_stride;
  // Whole groups of rows that are packed together.
  size_t share = ((u->rows + p->steps - 1) / p->steps + 3) & ~(size_t)3;
  for (size_t step = 0; step < p->steps; step++) {
    _tile_loadd(6, b, b_stride);
    _tile_loadd(4, upper + step * tile_bytes, p->a_stride);
    _tile_dpbusd(0, 4, 6);
    if (high == 2) {
      _tile_loadd(5, lower + step * tile_bytes, p->a_stride);
      _tile_dpbusd(2, 5, 6);
    }
    if (wide == 2) {
      _tile_loadd(7, b + tile_bytes, b_stride);
      _tile_dpbusd(1, 4, 7);
      if (high == 2) _tile_dpbusd(3, 5, 7);
    }
    b += tile_rows * b_stride;
    finish(p, u, share);
  }
  size_t width = wide * tile_rows;
  int32_t *second = sums + (below - row) * width;
  _tile_stored(0, sums, b_stride);
  if (wide == 2) _tile_stored(1, sums + tile_rows, b_stride);
  if (high == 2) _tile_stored(2, second, b_stride);
  if (high == 2 && wide == 2) _tile_stored(3, second + tile_rows, b_stride);
  size_t done = tile * p->height - row, columns = p->n - column;
  *u = (unfinished){sums + done * width, row + done, below + p->height - row - done, column,
                    columns < width ? columns : width, (int)width};
}

INLINE void any_block(const product *p, size_t tile, size_t column, int32_t *sums, unfinished *u) {
  int high = tile + 1 < p->tiles, wide = p->n - column > tile_rows;
  if (high && wide) return block(p, tile, column, 2, 2, sums, u);
  if (high) return block(p, tile, column, 2, 1, sums, u);
  if (wide) return block(p, tile, column, 1, 2, sums, u);
  block(p, tile, column, 1, 1, sums, u);
}

INLINE void configure(size_t height, size_t k) {
  // A product that is less than one tile deep need not read more of A than it has.
  size_t depth = k < tile_bytes ? (k + 3) & ~(size_t)3 : tile_bytes;
  tile_shapes shapes = {.palette = 1};
  for (int i = 0; i < 8; i++) {
    shapes.rows[i] = (uint8_t)(i < 6 ? height : depth / 4);
    shapes.bytes[i] = (uint16_t)(i == 4 || i == 5 ? depth : tile_bytes);
  }
  _tile_loadconfig(&shapes);
}

void qn_u8_gemm__amx(size_t m, size_t n, size_t k, const uint8_t *a, size_t a_stride, const void *packed,
                     const qn_requantisation *requantisation, uint8_t *c, size_t c_stride) {
  if (m == 0) return;
  // Rows are divided evenly among tiles: a multiplication takes as long as its tile of A is high.
  size_t tiles = (m + tile_rows - 1) / tile_rows, steps = (k + tile_bytes - 1) / tile_bytes;
  product p = {m, n, steps, (m + tiles - 1) / tiles, tiles, a, a_stride, packed, {requantisation, c, c_stride}};
  // Finishing reads whole groups of rows; there are up to three rows behind the last.
  int32_t sums[(block_rows + 4) * block_columns] __attribute__((aligned(64)));
  unfinished u = {.rows = 0};
  configure(p.height, k);
  // Whichever operand stays in the cache is the one that is run through again and again.
  if (steps * tile_bytes * n <= 512 * 1024) {
    for (size_t tile = 0; tile < tiles; tile += 2) {
      for (size_t column = 0; column < n; column += block_columns) any_block(&p, tile, column, sums, &u);
    }
  } else {
    for (size_t column = 0; column < n; column += block_columns) {
      for (size_t tile = 0; tile < tiles; tile += 2) any_block(&p, tile, column, sums, &u);
    }
  }
  finish(&p, &u, u.rows);
  _tile_release();
}
#pragma clang attribute pop
