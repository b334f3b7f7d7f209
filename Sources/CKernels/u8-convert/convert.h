// Template: included once per instruction set with KERNEL defined.

#define INLINE __attribute__((always_inline)) static inline

static v_grid whole_grid(uint8_t zero) { return v_grid_of(zero, 0, 255); }

void KERNEL(qn_u8_quantise)(size_t count, const float *x, float scale, uint8_t zero, uint8_t *y) {
  vec divisor = v_set(scale), part[4];
  v_grid grid = whole_grid(zero);
  size_t i = 0;
  for (; i + b_width <= count; i += b_width) {
#pragma clang loop unroll(full)
    for (int p = 0; p < 4; p++) part[p] = v_div(v_load(x + i + p * v_width), divisor);
    b_store(y + i, b_in_order(v_bytes(part, grid)));
  }
  int rest = (int)(count - i);
  if (rest == 0) return;
  for (int p = 0; p < 4; p++) {
    int left = rest - p * v_width;
    left = left < 0 ? 0 : left > v_width ? v_width : left;
    part[p] = left > 0 ? v_div(v_load_masked(x + i + p * v_width, v_first(left)), divisor) : v_zero();
  }
  b_store_first(y + i, b_in_order(v_bytes(part, grid)), rest);
}

void KERNEL(qn_u8_dequantise)(size_t count, const uint8_t *x, float scale, uint8_t zero, float *y) {
  vec factor = v_set(scale);
  ints offset = i_set(zero);
  size_t i = 0;
  for (; i + v_width <= count; i += v_width) v_store(y + i, v_mul(i_numbers(i_sub(i_load_bytes(x + i), offset)), factor));
  for (; i < count; i++) y[i] = (float)(x[i] - zero) * scale;
}

// Pixels that are converted at once, and planes that are brought together.
enum { some_pixels = 64, some_planes = 4 };

// For each of three vectors of a result and each plane, where its bytes come from: pixels of three bytes take turns.
typedef struct {
  uint8_t index[3][3][16];
} thirds;

static thirds thirds_of(void) {
  thirds t;
  for (int at = 0; at < 48; at++) {
    for (int plane = 0; plane < 3; plane++) t.index[at / 16][plane][at % 16] = at % 3 == plane ? at / 3 : 0x80;
  }
  return t;
}

INLINE __m128i load16(const uint8_t *p) { return _mm_loadu_si128((const __m128i *)p); }
INLINE void store16(uint8_t *p, __m128i x) { _mm_storeu_si128((__m128i *)p, x); }

static void interleave3(uint8_t planes[some_planes][some_pixels], const thirds *t, uint8_t *y) {
  for (int pixel = 0; pixel < some_pixels; pixel += 16) {
    for (int part = 0; part < 3; part++, y += 16) {
      __m128i result = _mm_setzero_si128();
      for (int plane = 0; plane < 3; plane++) {
        __m128i bytes_of_plane = _mm_shuffle_epi8(load16(planes[plane] + pixel), load16(t->index[part][plane]));
        result = _mm_or_si128(result, bytes_of_plane);
      }
      store16(y, result);
    }
  }
}

static void interleave4(uint8_t planes[some_planes][some_pixels], uint8_t *y) {
  for (int pixel = 0; pixel < some_pixels; pixel += 16, y += 64) {
    __m128i a = load16(planes[0] + pixel), b = load16(planes[1] + pixel);
    __m128i c = load16(planes[2] + pixel), d = load16(planes[3] + pixel);
    __m128i low = _mm_unpacklo_epi8(a, b), high = _mm_unpackhi_epi8(a, b);
    __m128i next_low = _mm_unpacklo_epi8(c, d), next_high = _mm_unpackhi_epi8(c, d);
    store16(y, _mm_unpacklo_epi16(low, next_low));
    store16(y + 16, _mm_unpackhi_epi16(low, next_low));
    store16(y + 32, _mm_unpacklo_epi16(high, next_high));
    store16(y + 48, _mm_unpackhi_epi16(high, next_high));
  }
}

// Pieces of planes are quantised one by one, then the bytes of each pixel are brought together.
void KERNEL(qn_u8_quantise_planes)(size_t pixels, size_t channels, const float *x, size_t plane, float scale,
                                   uint8_t zero, uint8_t *y) {
  if (channels == 1 || (pixels == 1 && plane == 1)) {
    KERNEL(qn_u8_quantise)(pixels * channels, x, scale, zero, y);
    return;
  }
  uint8_t planes[some_planes][some_pixels];
  thirds t = thirds_of();
  for (size_t pixel = 0, count; pixel < pixels; pixel += count) {
    count = pixels - pixel < some_pixels ? pixels - pixel : some_pixels;
    uint8_t *to = y + pixel * channels;
    for (size_t c = 0, some; c < channels; c += some) {
      some = channels - c < some_planes ? channels - c : some_planes;
      for (size_t i = 0; i < some; i++) {
        KERNEL(qn_u8_quantise)(count, x + (c + i) * plane + pixel, scale, zero, planes[i]);
      }
      if (channels == 3 && count == some_pixels) {
        interleave3(planes, &t, to);
      } else if (channels == 4 && count == some_pixels) {
        interleave4(planes, to);
      } else {
        for (size_t i = 0; i < count; i++) {
          for (size_t j = 0; j < some; j++) to[i * channels + c + j] = planes[j][i];
        }
      }
    }
  }
}

void KERNEL(qn_u8_dequantise_planes)(size_t pixels, size_t channels, const uint8_t *x, float scale, uint8_t zero,
                                     float *y, size_t plane) {
  if (channels == 1 || (pixels == 1 && plane == 1)) {
    KERNEL(qn_u8_dequantise)(pixels * channels, x, scale, zero, y);
    return;
  }
  uint8_t row[some_pixels];
  for (size_t pixel = 0, count; pixel < pixels; pixel += count) {
    count = pixels - pixel < some_pixels ? pixels - pixel : some_pixels;
    for (size_t c = 0; c < channels; c++) {
      for (size_t i = 0; i < count; i++) row[i] = x[(pixel + i) * channels + c];
      KERNEL(qn_u8_dequantise)(count, row, scale, zero, y + c * plane + pixel);
    }
  }
}
