#pragma once

// From 32-bit sums, which lie row after row in the first-level cache, to bytes or numbers; on AVX2. See
// requantise-avx512.h: here 32 results are finished together, and what is not a plain result goes on from the bytes.

// What belongs to one call of the kernel.
typedef struct {
  const qn_requantisation *requantisation;
  uint8_t *c;
  size_t c_stride;
} destination;

INLINE void prepare(destination *d, const qn_requantisation *r, uint8_t *c, size_t c_stride) {
  *d = (destination){r, c, c_stride};
}

INLINE __m256 real_set(int32_t x) { return _mm256_set1_ps((float)x); }

// Thirty-two bytes in order from four vectors of rounded values.
INLINE __m256i packed_bytes(const __m256i x[4], int32_t zero, int32_t floor) {
  __m256i front = _mm256_adds_epi16(_mm256_packs_epi32(x[0], x[1]), _mm256_set1_epi16((short)zero));
  __m256i back = _mm256_adds_epi16(_mm256_packs_epi32(x[2], x[3]), _mm256_set1_epi16((short)zero));
  __m256i bytes = _mm256_max_epu8(_mm256_packus_epi16(front, back), _mm256_set1_epi8((char)floor));
  return _mm256_permutevar8x32_epi32(bytes, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

// Replaces bytes by their sums with residuals.
INLINE void add_residual(const qn_requantisation *r, const uint8_t residual[32], uint8_t bytes[32]) {
  __m256i x[4];
  for (int i = 0; i < 4; i++) {
    __m256i wide = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(residual + i * 8)));
    __m256 other = _mm256_sub_ps(_mm256_cvtepi32_ps(wide), real_set(r->residual_zero));
    other = _mm256_mul_ps(_mm256_set1_ps(r->residual_scale), other);
    __m256i own = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i *)(bytes + i * 8)));
    __m256 q = _mm256_sub_ps(_mm256_cvtepi32_ps(own), real_set(r->own_zero));
    __m256 sum = _mm256_fmadd_ps(_mm256_set1_ps(r->own_scale), q, other);
    x[i] = _mm256_cvtps_epi32(_mm256_min_ps(sum, real_set(r->sum_high - r->sum_zero)));
  }
  _mm256_store_si256((__m256i *)bytes, packed_bytes(x, r->sum_zero, r->sum_low));
}

// Copies the rows of a block of `width` columns; without a call where the row is whole.
INLINE void copy_row(uint8_t *to, const uint8_t *from, size_t columns, int width) {
  if (columns == (size_t)width) {
    memcpy(to, from, width);
  } else {
    for (size_t j = 0; j < columns; j++) to[j] = from[j];
  }
}

INLINE void requantise_bytes(const destination *d, const int32_t *sums, size_t row, size_t rows, size_t column,
                             size_t columns, int width) {
  const qn_requantisation *r = d->requantisation;
  float scales[16] __attribute__((aligned(32))) = {0};
  for (size_t j = 0; j < columns; j++) scales[j] = r->scale[column + j];
  uint8_t bytes[32] __attribute__((aligned(32))), residual[32] = {0};
  size_t together = 32 / width;
  for (size_t first = 0; first < rows; first += together, sums += 32) {
    size_t present = rows - first < together ? rows - first : together;
    __m256i x[4];
    for (int i = 0; i < 4; i++) {
      __m256 sum = _mm256_cvtepi32_ps(_mm256_load_si256((const __m256i *)(sums + i * 8)));
      __m256 scaled = _mm256_mul_ps(sum, _mm256_load_ps(scales + i * 8 % width));
      x[i] = _mm256_cvtps_epi32(_mm256_min_ps(scaled, real_set(r->high - r->zero)));
    }
    _mm256_store_si256((__m256i *)bytes, packed_bytes(x, r->zero, r->low));
    if (r->table) {
      for (int i = 0; i < 32; i++) bytes[i] = r->table[bytes[i]];
    }
    if (r->residual) {
      const uint8_t *from = r->residual + (row + first) * r->residual_stride + column;
      for (size_t i = 0; i < present; i++, from += r->residual_stride) {
        copy_row(residual + i * width, from, columns, width);
      }
      add_residual(r, residual, bytes);
    }
    uint8_t *c = d->c + (row + first) * d->c_stride + column;
    for (size_t i = 0; i < present; i++) copy_row(c + i * d->c_stride, bytes + i * width, columns, width);
  }
}

INLINE void requantise_real(const destination *d, const int32_t *sums, size_t row, size_t rows, size_t column,
                            size_t columns, int width) {
  const qn_requantisation *r = d->requantisation;
  for (size_t i = 0; i < rows; i++, sums += width) {
    float *to = r->real + (row + i) * r->real_stride + column;
    for (size_t j = 0; j < columns; j++) to[j] = (float)sums[j] * r->scale[column + j];
  }
}

// Finishes `rows` rows of `width` sums, 16 or 8; the first is row `row` of C, the first column is `column`, and
// `columns` of them exist. The sums are on a 32-byte boundary, with memory behind them for whole steps of 32.
__attribute__((noinline)) static void requantise(const destination *d, const int32_t *sums, size_t row, size_t rows,
                                                 size_t column, size_t columns, int width) {
  if (d->requantisation->real) return requantise_real(d, sums, row, rows, column, columns, width);
  if (width == 16) {
    requantise_bytes(d, sums, row, rows, column, columns, 16);
  } else {
    requantise_bytes(d, sums, row, rows, column, columns, 8);
  }
}
