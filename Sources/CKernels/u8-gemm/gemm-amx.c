#include "kernels.h"

#include <immintrin.h>
#include <string.h>

#define INLINE __attribute__((always_inline)) static inline
#define HAS_VBMI 1
#define DOT _mm512_dpbusd_epi32

#define TARGET "amx-tile,amx-int8,avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx512vnni,avx512vbmi,avx2,fma"
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#include "requantise-avx512.h"
#include "vectors-avx512.h"
#include "dot-vnni.h"

// One or two rows are bound by memory, and keep no tile busy: the vector unit reads the same panels.
static void few_rows(size_t m, size_t n, size_t k, const uint8_t *a, size_t a_stride, const void *packed,
                     const qn_requantisation *requantisation, uint8_t *c, size_t c_stride);
#define KERNEL few_rows
#define TALLEST 6
enum { tallest = TALLEST, depth = 64, parts_of_one = 6 };
#include "gemm.h"

// Tiles 0 to 3 are sums: upper left, upper right, lower left, lower right; 4 and 5 are rows of A, 6 and 7 columns of B.
//
// The tile unit works in order, and a result is there 52 cycles after its operands, so blocks overlap: the first step
// of a block stores the sums of the block before tile by tile, while the others are still being multiplied, and the
// vector unit finishes the block before that one, some rows at a time.

enum { tile_rows = 16, tile_bytes = depth, block_rows = 2 * tile_rows, block_columns = 32 };

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
} tile_product;

// A block of sums: in tiles, then in memory, where rows are finished from the first on.
typedef struct {
  int32_t *sums;
  size_t row, rows, column, columns;
  int width;
} unfinished;

// Two blocks on their way. Buffers have room for whole groups of rows behind the last.
typedef struct {
  unfinished in_tiles, in_memory;
  // Where the tiles of the first go; NULL for one that does not exist.
  int32_t *to[4];
  int32_t buffers[2][(block_rows + 4) * block_columns] __attribute__((aligned(64)));
} pipeline;

INLINE void finish(const tile_product *p, unfinished *u, size_t rows) {
  if (rows > u->rows) rows = u->rows;
  if (rows == 0) return;
  requantise(&p->to, u->sums, u->row, rows, u->column, u->columns, u->width);
  u->sums += rows * u->width;
  u->row += rows;
  u->rows -= rows;
}

// All tiles have the same height, so that one configuration serves a whole call: the last one moves up instead, and
// finds sums again that the one above it has found.
INLINE size_t first_row(const tile_product *p, size_t tile) {
  size_t row = tile * p->height;
  return row + p->height > p->m ? p->m - p->height : row;
}

// Stores a tile of the block before, and begins another with the bias.
#define EXCHANGE(number, is_used, bias)                                                        \
  do {                                                                                         \
    if (line->to[number]) _tile_stored(number, line->to[number], line->in_tiles.width * 4);    \
    if (is_used) _tile_loadd(number, bias, 0);                                                 \
  } while (0)

// The sums of `high` by `wide` tiles, both 1 or 2 and constants at every call.
INLINE void block(const tile_product *p, size_t tile, size_t column, int high, int wide, pipeline *line) {
  size_t row = first_row(p, tile), below = first_row(p, tile + high - 1);
  size_t b_stride = wide * tile_bytes;
  const char *bias = p->packed + column * (4 + p->steps * tile_bytes), *b = bias + b_stride;
  const uint8_t *upper = p->a + row * p->a_stride, *lower = p->a + below * p->a_stride;
  unfinished *before = &line->in_tiles, *u = &line->in_memory;
  // A shallow product finishes sixteen vectors between two tiles, a deep one rows between its steps. Where a residual
  // follows, that many instructions would keep the next tile waiting.
  int is_short = p->steps == 1 && u->rows > 0 && !p->to.requantisation->residual;
  size_t between = is_short ? 16 * tile_rows / u->width : 0;
  _tile_loadd(6, b, b_stride);
  _tile_loadd(4, upper, p->a_stride);
  EXCHANGE(0, 1, bias);
  _tile_dpbusd(0, 4, 6);
  finish(p, u, between);
  if (high == 2) _tile_loadd(5, lower, p->a_stride);
  EXCHANGE(2, high == 2, bias);
  if (high == 2) _tile_dpbusd(2, 5, 6);
  finish(p, u, between);
  if (wide == 2) _tile_loadd(7, b + tile_bytes, b_stride);
  EXCHANGE(1, wide == 2, bias + tile_bytes);
  if (wide == 2) _tile_dpbusd(1, 4, 7);
  finish(p, u, between);
  EXCHANGE(3, high == 2 && wide == 2, bias + tile_bytes);
  if (wide == 2 && high == 2) _tile_dpbusd(3, 5, 7);
  // Whole groups of rows that are packed together.
  size_t share = p->steps == 1 ? 0 : ((u->rows + p->steps - 2) / (p->steps - 1) + 3) & ~(size_t)3;
  for (size_t step = 1; step < p->steps; step++) {
    b += tile_rows * b_stride;
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
    finish(p, u, share);
  }
  finish(p, u, u->rows);
  // The buffer that was finished takes this block when it is stored.
  int32_t *sums = line->to[0] == line->buffers[0] ? line->buffers[1] : line->buffers[0];
  size_t width = wide * tile_rows, done = tile * p->height - row, columns = p->n - column;
  int32_t *second = sums + (below - row) * width;
  line->to[0] = sums;
  line->to[1] = wide == 2 ? sums + tile_rows : NULL;
  line->to[2] = high == 2 ? second : NULL;
  line->to[3] = high == 2 && wide == 2 ? second + tile_rows : NULL;
  *u = *before;
  *before = (unfinished){sums + done * width, row + done, below + p->height - row - done, column,
                         columns < width ? columns : width, (int)width};
}

// Finishes what is on its way when there are no more blocks.
INLINE void drain(const tile_product *p, pipeline *line) {
  finish(p, &line->in_memory, line->in_memory.rows);
  EXCHANGE(0, 0, NULL);
  EXCHANGE(1, 0, NULL);
  EXCHANGE(2, 0, NULL);
  EXCHANGE(3, 0, NULL);
  finish(p, &line->in_tiles, line->in_tiles.rows);
}

INLINE void any_block(const tile_product *p, size_t tile, size_t column, pipeline *line) {
  int high = tile + 1 < p->tiles, wide = p->n - column > tile_rows;
  if (high && wide) return block(p, tile, column, 2, 2, line);
  if (high) return block(p, tile, column, 2, 1, line);
  if (wide) return block(p, tile, column, 1, 2, line);
  block(p, tile, column, 1, 1, line);
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
  if (m <= 2) return few_rows(m, n, k, a, a_stride, packed, requantisation, c, c_stride);
  // Rows are divided evenly among tiles: a multiplication takes as long as its tile of A is high.
  size_t tiles = (m + tile_rows - 1) / tile_rows, steps = (k + tile_bytes - 1) / tile_bytes;
  tile_product p = {m, n, steps, (m + tiles - 1) / tiles, tiles, a, a_stride, packed, {.c = c}};
  prepare(&p.to, requantisation, c, c_stride);
  pipeline line;
  line.in_tiles = line.in_memory = (unfinished){.rows = 0};
  for (int i = 0; i < 4; i++) line.to[i] = NULL;
  configure(p.height, k);
  // Whichever operand stays in the cache is the one that is run through again and again.
  if (steps * tile_bytes * n <= 512 * 1024) {
    for (size_t tile = 0; tile < tiles; tile += 2) {
      for (size_t column = 0; column < n; column += block_columns) any_block(&p, tile, column, &line);
    }
  } else {
    for (size_t column = 0; column < n; column += block_columns) {
      for (size_t tile = 0; tile < tiles; tile += 2) any_block(&p, tile, column, &line);
    }
  }
  drain(&p, &line);
  _tile_release();
}
#pragma clang attribute pop
