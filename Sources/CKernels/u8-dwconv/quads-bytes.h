#pragma once

// Quads for dot products of bytes (VNNI): four taps of a channel side by side.

enum { quad_vectors = 4 };

typedef bytes quad_part;

static inline void store_quad(const bytes rows[4], uint8_t *to) {
  bytes first_low = b_zip_low8(rows[0], rows[1]), first_high = b_zip_high8(rows[0], rows[1]);
  bytes second_low = b_zip_low8(rows[2], rows[3]), second_high = b_zip_high8(rows[2], rows[3]);
  b_store(to, b_zip_low16(first_low, second_low));
  b_store(to + b_width, b_zip_high16(first_low, second_low));
  b_store(to + 2 * b_width, b_zip_low16(first_high, second_high));
  b_store(to + 3 * b_width, b_zip_high16(first_high, second_high));
}

static inline quad_part load_part(const uint8_t *quad, int part) { return b_load(quad + part * b_width); }

static inline ints add_dots(ints sum, quad_part taps, const uint8_t *weights, int part) {
  return b_dot(sum, taps, b_load(weights + part * b_width));
}
