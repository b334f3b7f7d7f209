#pragma once

// From 32-bit sums, which lie row after row in the first-level cache, to bytes or numbers; on AVX-512, with the table
// look-up of VBMI where `HAS_VBMI` is 1.
//
// Sixty-four results, four vectors of sums, are finished together: then packing costs one instruction per vector, and
// zero point and lower bound are applied to packed values. The upper bound comes before the conversion to integers,
// which makes one number of everything too large; what is too small it makes the smallest, so saturation does the rest.

// What the four vectors of sums of one step share. Vector i belongs to columns i * 16 % width and on.
typedef struct {
  __m512 scale[2], low, high;
  __m512i zero, floor, order;
  __m512i table[4];
  // The result of the layer in front of a residual, and the sum with it.
  __m512 own_scale, own_magic, own_zero, residual_scale, residual_zero, sum_high;
  __m512i sum_zero, sum_floor;
} requantiser;

// A sum with it is rounded to a whole number, if that is small: there are no bits behind the point.
#define ROUNDING 12582912.0f

INLINE __m512 real_set(int32_t x) { return _mm512_set1_ps((float)x); }

INLINE requantiser make_requantiser(const qn_requantisation *r, size_t column, const uint32_t columns, int has_table,
                                    int has_residual) {
  requantiser q;
  q.scale[0] = _mm512_maskz_loadu_ps((__mmask16)columns, r->scale + column);
  q.scale[1] = _mm512_maskz_loadu_ps((__mmask16)(columns >> 16), r->scale + column + 16);
  q.low = real_set(r->low - r->zero);
  q.high = real_set(r->high - r->zero);
  q.zero = _mm512_set1_epi16((short)r->zero);
  q.floor = _mm512_set1_epi8((char)r->low);
  q.order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  if (has_table && HAS_VBMI) {
    for (int i = 0; i < 4; i++) q.table[i] = _mm512_loadu_si512(r->table + i * 64);
  }
  if (has_residual) {
    q.own_scale = _mm512_set1_ps(r->own_scale);
    q.own_magic = _mm512_set1_ps(ROUNDING - (float)(r->zero - r->own_zero));
    q.own_zero = real_set(r->own_zero);
    q.residual_scale = _mm512_set1_ps(r->residual_scale);
    q.residual_zero = real_set(r->residual_zero);
    q.sum_high = real_set(r->sum_high - r->sum_zero);
    q.sum_zero = _mm512_set1_epi16((short)r->sum_zero);
    q.sum_floor = _mm512_set1_epi8((char)r->sum_low);
  }
  return q;
}

INLINE __m512 scaled(const int32_t *sums, __m512 scale) {
  return _mm512_mul_ps(_mm512_cvtepi32_ps(_mm512_load_si512(sums)), scale);
}

// Bytes in order from four vectors of rounded values.
INLINE __m512i packed_bytes(const __m512i x[4], __m512i zero, __m512i floor, __m512i order) {
  __m512i front = _mm512_adds_epi16(_mm512_packs_epi32(x[0], x[1]), zero);
  __m512i back = _mm512_adds_epi16(_mm512_packs_epi32(x[2], x[3]), zero);
  return _mm512_permutexvar_epi32(order, _mm512_max_epu8(_mm512_packus_epi16(front, back), floor));
}

INLINE __m512i looked_up(const requantiser *q, const qn_requantisation *r, __m512i x) {
#if HAS_VBMI
  (void)r;
  __m512i front = _mm512_permutex2var_epi8(q->table[0], x, q->table[1]);
  __m512i back = _mm512_permutex2var_epi8(q->table[2], x, q->table[3]);
  return _mm512_mask_mov_epi8(front, _mm512_movepi8_mask(x), back);
#else
  (void)q;
  uint8_t bytes[64] __attribute__((aligned(64)));
  _mm512_store_si512(bytes, x);
  for (int i = 0; i < 64; i++) bytes[i] = r->table[bytes[i]];
  return _mm512_load_si512(bytes);
#endif
}

// The sum with a residual, rounded; `own` is q − own_zero.
INLINE __m512i with_residual(const requantiser *q, __m512 own, const uint8_t *residual, __mmask16 columns) {
  __m512 other = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm_maskz_loadu_epi8(columns, residual)));
  other = _mm512_mul_ps(q->residual_scale, _mm512_sub_ps(other, q->residual_zero));
  return _mm512_cvtps_epi32(_mm512_min_ps(_mm512_fmadd_ps(q->own_scale, own, other), q->sum_high));
}

// Sixty-four results: two rows of 32 columns, or four of 16. `rows` of them exist; a vector of the others repeats the
// first row's residual, and its results go nowhere.
INLINE __m512i requantised(const requantiser *q, const qn_requantisation *r, const int32_t *sums, int width, size_t rows,
                           const uint8_t *residual, uint32_t columns, int has_table, int has_residual) {
  __m512 real[4];
  __m512i x[4];
  for (int i = 0; i < 4; i++) real[i] = scaled(sums + i * 16, q->scale[i * 16 % width / 16]);
  if (!has_residual || has_table) {
    for (int i = 0; i < 4; i++) x[i] = _mm512_cvtps_epi32(_mm512_min_ps(real[i], q->high));
    __m512i bytes = packed_bytes(x, q->zero, q->floor, q->order);
    if (has_table) bytes = looked_up(q, r, bytes);
    if (!has_residual) return bytes;
    uint8_t own[64] __attribute__((aligned(64)));
    _mm512_store_si512(own, bytes);
    for (int i = 0; i < 4; i++) {
      __m512i wide = _mm512_cvtepu8_epi32(_mm_load_si128((const __m128i *)(own + i * 16)));
      real[i] = _mm512_sub_ps(_mm512_cvtepi32_ps(wide), q->own_zero);
    }
  } else {
    for (int i = 0; i < 4; i++) {
      __m512 bounded = _mm512_min_ps(_mm512_max_ps(real[i], q->low), q->high);
      real[i] = _mm512_sub_ps(_mm512_add_ps(bounded, _mm512_set1_ps(ROUNDING)), q->own_magic);
    }
  }
  for (int i = 0; i < 4; i++) {
    size_t row = i * 16 / width;
    const uint8_t *at = residual + (row < rows ? row : 0) * r->residual_stride + i * 16 % width;
    x[i] = with_residual(q, real[i], at, (__mmask16)(columns >> i * 16 % width));
  }
  return packed_bytes(x, q->sum_zero, q->sum_floor, q->order);
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

// What belongs to one call of the kernel.
typedef struct {
  const qn_requantisation *requantisation;
  uint8_t *c;
  size_t c_stride;
} destination;

INLINE void requantise_bytes(const destination *d, const int32_t *sums, size_t row, size_t rows, size_t column,
                             uint32_t columns, int width, int has_table, int has_residual) {
  const qn_requantisation *r = d->requantisation;
  requantiser q = make_requantiser(r, column, columns, has_table, has_residual);
  uint8_t *c = d->c + row * d->c_stride + column;
  const uint8_t *residual = has_residual ? r->residual + row * r->residual_stride + column : NULL;
  size_t together = 64 / width;
  for (size_t left = rows; left > 0;) {
    __m512i bytes = requantised(&q, r, sums, width, left, residual, columns, has_table, has_residual);
    store_rows(bytes, width, left, columns, c, d->c_stride);
    sums += 64;
    c += together * d->c_stride;
    if (has_residual) residual += together * r->residual_stride;
    left = left < together ? 0 : left - together;
  }
}

INLINE void requantise_real(const destination *d, const int32_t *sums, size_t row, size_t rows, size_t column,
                            uint32_t columns, int width) {
  const qn_requantisation *r = d->requantisation;
  for (size_t i = row; i < row + rows; i++, sums += width) {
    float *to = r->real + i * r->real_stride + column;
    for (int j = 0; j < width; j += 16) {
      __mmask16 mask = (__mmask16)(columns >> j);
      _mm512_mask_storeu_ps(to + j, mask, scaled(sums + j, _mm512_maskz_loadu_ps(mask, r->scale + column + j)));
    }
  }
}

INLINE void requantise_width(const destination *d, const int32_t *sums, size_t row, size_t rows, size_t column,
                             uint32_t columns, int width) {
  const qn_requantisation *r = d->requantisation;
  if (r->real) return requantise_real(d, sums, row, rows, column, columns, width);
  if (!r->residual && !r->table) return requantise_bytes(d, sums, row, rows, column, columns, width, 0, 0);
  if (!r->residual) return requantise_bytes(d, sums, row, rows, column, columns, width, 1, 0);
  if (!r->table) return requantise_bytes(d, sums, row, rows, column, columns, width, 0, 1);
  requantise_bytes(d, sums, row, rows, column, columns, width, 1, 1);
}

// Finishes `rows` rows of `width` sums, 32 or 16; the first is row `row` of C, the first column is `column`, and
// `columns` of them exist. The sums are on a 64-byte boundary, with memory behind them for whole steps of 64.
__attribute__((noinline)) static void requantise(const destination *d, const int32_t *sums, size_t row, size_t rows,
                                                 size_t column, size_t columns, int width) {
  uint32_t mask = (uint32_t)((1ull << columns) - 1);
  if (width == 32) {
    requantise_width(d, sums, row, rows, column, mask, 32);
  } else {
    requantise_width(d, sums, row, rows, column, mask, 16);
  }
}
