#pragma once

// Quads without dot products of bytes: two pairs of words, each multiplied and summed at once.

enum { quad_vectors = 8 };

typedef struct {
  bytes first, second;
} quad_part;

static inline void store_quad(const bytes rows[4], uint8_t *to) {
  for (int pair = 0; pair < 2; pair++, to += b_width) {
    bytes low = b_zip_low8(rows[2 * pair], rows[2 * pair + 1]), high = b_zip_high8(rows[2 * pair], rows[2 * pair + 1]);
    b_store(to, b_zip_low8(low, i_zero()));
    b_store(to + 2 * b_width, b_zip_high8(low, i_zero()));
    b_store(to + 4 * b_width, b_zip_low8(high, i_zero()));
    b_store(to + 6 * b_width, b_zip_high8(high, i_zero()));
  }
}

static inline quad_part load_part(const uint8_t *quad, int part) {
  return (quad_part){b_load(quad + 2 * part * b_width), b_load(quad + (2 * part + 1) * b_width)};
}

static inline ints add_dots(ints sum, quad_part taps, const uint8_t *weights, int part) {
  quad_part factors = load_part(weights, part);
  return i_add(i_add(sum, w_dot(taps.first, factors.first)), w_dot(taps.second, factors.second));
}
