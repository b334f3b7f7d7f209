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

// Pixels that the general conversions handle at once.
enum { tile_pixels = b_width };

// Four vectors of a plane as bytes, in order.
INLINE bytes plane_bytes(const float *x, vec divisor, v_grid grid) {
  vec part[4];
#pragma clang loop unroll(full)
  for (int p = 0; p < 4; p++) part[p] = v_div(v_load(x + p * v_width), divisor);
  return b_in_order(v_bytes(part, grid));
}

// A row of `count` pixels is quantised plane by plane, then the bytes of its pixels are brought together.
void KERNEL(qn_u8_quantise_planes)(size_t pixels, size_t channels, const float *x, size_t plane, float scale,
                                   uint8_t zero, uint8_t *y) {
  if (channels == 1) {
    KERNEL(qn_u8_quantise)(pixels, x, scale, zero, y);
    return;
  }
  uint8_t planes[4][tile_pixels];
  for (size_t pixel = 0; pixel < pixels; pixel += tile_pixels) {
    size_t count = pixels - pixel < tile_pixels ? pixels - pixel : tile_pixels;
    uint8_t *to = y + pixel * channels;
    for (size_t c = 0; c < channels; c += 4) {
      size_t some = channels - c < 4 ? channels - c : 4;
      for (size_t i = 0; i < some; i++) {
        KERNEL(qn_u8_quantise)(count, x + (c + i) * plane + pixel, scale, zero, planes[i]);
      }
      for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < some; j++) to[i * channels + c + j] = planes[j][i];
      }
    }
  }
}

void KERNEL(qn_u8_dequantise_planes)(size_t pixels, size_t channels, const uint8_t *x, float scale, uint8_t zero,
                                     float *y, size_t plane) {
  if (channels == 1) {
    KERNEL(qn_u8_dequantise)(pixels, x, scale, zero, y);
    return;
  }
  uint8_t row[tile_pixels];
  for (size_t pixel = 0; pixel < pixels; pixel += tile_pixels) {
    size_t count = pixels - pixel < tile_pixels ? pixels - pixel : tile_pixels;
    for (size_t c = 0; c < channels; c++) {
      for (size_t i = 0; i < count; i++) row[i] = x[(pixel + i) * channels + c];
      KERNEL(qn_u8_dequantise)(count, row, scale, zero, y + c * plane + pixel);
    }
  }
}
