#pragma once

// From 32-bit sums, which lie row after row in the first-level cache, to bytes or numbers; on AVX-512, with the table
// look-up of VBMI where `HAS_VBMI` is 1.
//
// Sixty-four results, four vectors of sums, are finished together: then packing costs one instruction per vector, and
// zero point and bounds are applied to packed values, as rounding and bounds that are whole numbers may be exchanged.
// Only what is too large for an integer must be bounded before: the conversion makes the smallest integer of it.

// What belongs to one call of the kernel: vectors that all of its blocks share.
typedef struct {
  const qn_requantisation *requantisation;
  uint8_t *c;
  size_t c_stride;
  __m512 low, high;
  __m512i zero, floor, ceiling, order;
  __m512i table[4];
  // The result of the layer in front of a residual, and the sum with it.
  __m512 own_scale, own_magic, own_zero, residual_scale, residual_zero, sum_high;
  __m512i sum_zero, sum_floor, sum_ceiling;
} destination;

// A sum with it is rounded to a whole number, if that is small: there are no bits behind the point.
#define ROUNDING 12582912.0f

INLINE __m512 real_set(int32_t x) { return _mm512_set1_ps((float)x); }

INLINE void prepare(destination *d, const qn_requantisation *r, uint8_t *c, size_t c_stride) {
  d->requantisation = r;
  d->c = c;
  d->c_stride = c_stride;
  d->low = real_set(r->low - r->zero);
  d->high = real_set(r->high - r->zero);
  d->zero = _mm512_set1_epi16((short)r->zero);
  d->floor = _mm512_set1_epi8((char)r->low);
  d->ceiling = _mm512_set1_epi8((char)r->high);
  d->order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  for (int i = 0; r->table && i < 4; i++) d->table[i] = _mm512_loadu_si512(r->table + i * 64);
  if (!r->residual) return;
  d->own_scale = _mm512_set1_ps(r->own_scale);
  d->own_magic = _mm512_set1_ps(ROUNDING - (float)(r->zero - r->own_zero));
  d->own_zero = real_set(r->own_zero);
  d->residual_scale = _mm512_set1_ps(r->residual_scale);
  d->residual_zero = real_set(r->residual_zero);
  d->sum_high = real_set(r->sum_high - r->sum_zero);
  d->sum_zero = _mm512_set1_epi16((short)r->sum_zero);
  d->sum_floor = _mm512_set1_epi8((char)r->sum_low);
  d->sum_ceiling = _mm512_set1_epi8((char)r->sum_high);
}

INLINE __m512 scaled(const int32_t *sums, __m512 scale) {
  return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_load_si512(sums)), scale);
}

// Bytes in order from four vectors of rounded values.
INLINE __m512i packed_bytes(const __m512i x[4], __m512i zero, __m512i floor, __m512i ceiling, __m512i order) {
  __m512i front = _mm512_adds_epi16(_mm512_packs_epi32(x[0], x[1]), zero);
  __m512i back = _mm512_adds_epi16(_mm512_packs_epi32(x[2], x[3]), zero);
  __m512i bytes = _mm512_min_epu8(_mm512_max_epu8(_mm512_packus_epi16(front, back), floor), ceiling);
  return _mm512_permutexvar_epi32(order, bytes);
}

INLINE __m512i looked_up(const destination *d, __m512i x) {
#if HAS_VBMI
  __m512i front = _mm512_permutex2var_epi8(d->table[0], x, d->table[1]);
  __m512i back = _mm512_permutex2var_epi8(d->table[2], x, d->table[3]);
  return _mm512_mask_mov_epi8(front, _mm512_movepi8_mask(x), back);
#else
  uint8_t bytes[64] __attribute__((aligned(64)));
  _mm512_store_si512(bytes, x);
  for (int i = 0; i < 64; i++) bytes[i] = d->requantisation->table[bytes[i]];
  return _mm512_load_si512(bytes);
#endif
}

// The sum with a residual, rounded; `own` is q − own_zero.
INLINE __m512i with_residual(const destination *d, __m512 own, const uint8_t *residual, __mmask16 columns) {
  __m512 other = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(columns, residual)));
  other = _mm512_mul_ps(d->residual_scale, _mm512_sub_ps(other, d->residual_zero));
  return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_fmadd_ps(d->own_scale, own, other), d->sum_high));
}

// How 64 results are made: constants at every call.
typedef struct {
  // Two rows of 32 columns, or four of 16.
  int width;
  int has_table, has_residual;
  // Every scale is at most 1/2, so that no product is too large for an integer.
  int is_small;
} recipe;

// Sixty-four results. `rows` of them exist; a vector of the others repeats the first row's residual, and its results go
// nowhere.
INLINE __m512i requantised(const destination *d, recipe how, const int32_t *sums, const __m512 scale[2], size_t rows,
                           const uint8_t *residual, uint32_t columns) {
  __m512 real[4];
  __m512i x[4];
  for (int i = 0; i < 4; i++) real[i] = scaled(sums + i * 16, scale[i * 16 % how.width / 16]);
  if (!how.has_residual || how.has_table) {
    for (int i = 0; i < 4; i++) x[i] = _mm512_cvtps_epi32(how.is_small ? real[i] : _mm512_min_ps(real[i], d->high));
    __m512i bytes = packed_bytes(x, d->zero, d->floor, d->ceiling, d->order);
    if (how.has_table) bytes = looked_up(d, bytes);
    if (!how.has_residual) return bytes;
    uint8_t own[64] __attribute__((aligned(64)));
    _mm512_store_si512(own, bytes);
    for (int i = 0; i < 4; i++) {
      __m512i wide = _mm512_cvtepu8_epi32(_mm_load_si128((const __m128i *)(own + i * 16)));
      real[i] = _mm512_sub_ps(_mm512_cvtepi32_ps(wide), d->own_zero);
    }
  } else {
    for (int i = 0; i < 4; i++) {
      __m512 bounded = _mm512_min_ps(_mm512_max_ps(real[i], d->low), d->high);
      real[i] = _mm512_sub_ps(_mm512_add_ps(bounded, _mm512_set1_ps(ROUNDING)), d->own_magic);
    }
  }
  for (int i = 0; i < 4; i++) {
    size_t row = i * 16 / how.width;
    const uint8_t *at = residual + (row < rows ? row : 0) * d->requantisation->residual_stride + i * 16 % how.width;
    x[i] = with_residual(d, real[i], at, (__mmask16)(columns >> i * 16 % how.width));
  }
  return packed_bytes(x, d->sum_zero, d->sum_floor, d->sum_ceiling, d->order);
}

// Stores the first `rows` rows of 64 results.
INLINE void store_rows(__m512i bytes, int width, size_t rows, uint32_t columns, uint8_t *c, size_t c_stride) {
  if (width == 32) {
    _mm256_mask_storeu_epi8(c, columns, _mm512_castsi512_si256(bytes));
    if (rows > 1) _mm256_mask_storeu_epi8(c + c_stride, columns, _mm512_extracti64x4_epi64(bytes, 1));
  } else {
    __mmask16 mask = (__mmask16)columns;
    _mm_mask_storeu_epi8(c, mask, _mm512_castsi512_si128(bytes));
    if (rows > 1) _mm_mask_storeu_epi8(c + c_stride, mask, _mm512_extracti32x4_epi32(bytes, 1));
    if (rows > 2) _mm_mask_storeu_epi8(c + 2 * c_stride, mask, _mm512_extracti32x4_epi32(bytes, 2));
    if (rows > 3) _mm_mask_storeu_epi8(c + 3 * c_stride, mask, _mm512_extracti32x4_epi32(bytes, 3));
  }
}

// The sums of a block that are to be finished, with the place of the first in C.
typedef struct {
  const int32_t *sums;
  size_t row, rows, column;
  uint32_t columns;
} sums_block;

INLINE void requantise_bytes(const destination *d, recipe how, sums_block block, const __m512 scale[2]) {
  const qn_requantisation *r = d->requantisation;
  uint8_t *c = d->c + block.row * d->c_stride + block.column;
  const uint8_t *residual = how.has_residual ? r->residual + block.row * r->residual_stride + block.column : NULL;
  size_t together = 64 / how.width;
  for (size_t left = block.rows; left > 0;) {
    __m512i bytes = requantised(d, how, block.sums, scale, left, residual, block.columns);
    store_rows(bytes, how.width, left, block.columns, c, d->c_stride);
    block.sums += 64;
    c += together * d->c_stride;
    if (how.has_residual) residual += together * r->residual_stride;
    left = left < together ? 0 : left - together;
  }
}

INLINE void requantise_real(const destination *d, int width, sums_block block, const __m512 scale[2]) {
  const qn_requantisation *r = d->requantisation;
  float *to = r->real + block.row * r->real_stride + block.column;
  for (size_t i = 0; i < block.rows; i++, block.sums += width, to += r->real_stride) {
    _mm512_mask_storeu_ps(to, (__mmask16)block.columns, scaled(block.sums, scale[0]));
    if (width == 16) continue;
    _mm512_mask_storeu_ps(to + 16, (__mmask16)(block.columns >> 16), scaled(block.sums + 16, scale[1]));
  }
}

INLINE void requantise_width(const destination *d, int width, sums_block block) {
  const qn_requantisation *r = d->requantisation;
  const float *from = r->scale + block.column;
  __m512 half = _mm512_set1_ps(0.5f);
  __m512 scale[2] = {_mm512_maskz_loadu_ps((__mmask16)block.columns, from),
                     _mm512_maskz_loadu_ps((__mmask16)(block.columns >> 16), from + 16)};
  if (r->real) return requantise_real(d, width, block, scale);
  int small = _mm512_cmp_ps_mask(_mm512_max_ps(scale[0], scale[1]), half, _CMP_NLE_UQ) == 0;
  if (r->residual) {
    if (r->table) return requantise_bytes(d, (recipe){width, 1, 1, 0}, block, scale);
    return requantise_bytes(d, (recipe){width, 0, 1, 0}, block, scale);
  }
  if (r->table) {
    if (small) return requantise_bytes(d, (recipe){width, 1, 0, 1}, block, scale);
    return requantise_bytes(d, (recipe){width, 1, 0, 0}, block, scale);
  }
  if (small) return requantise_bytes(d, (recipe){width, 0, 0, 1}, block, scale);
  requantise_bytes(d, (recipe){width, 0, 0, 0}, block, scale);
}

// Finishes `rows` rows of `width` sums, 32 or 16; the first is row `row` of C, the first column is `column`, and
// `columns` of them exist. The sums are on a 64-byte boundary, with memory behind them for whole steps of 64.
__attribute__((noinline)) static void requantise(const destination *d, const int32_t *sums, size_t row, size_t rows,
                                                 size_t column, size_t columns, int width) {
  sums_block block = {sums, row, rows, column, (uint32_t)((1ull << columns) - 1)};
  if (width == 32) {
    requantise_width(d, 32, block);
  } else {
    requantise_width(d, 16, block);
  }
}
