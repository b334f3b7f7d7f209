// Template: included once per instruction set with KERNEL defined. A vector of the gate serves a few pixels in turn.

#define INLINE __attribute__((always_inline)) static inline

// Pixels that share a vector of the gate, and bytes for copies of a gate.
enum { group = 8, most_copied = 16384 };

typedef struct {
  // The gate less its zero point, each in the lower half of 32 bits.
  ints factor[4];
  vec scale;
  bytes zero;
  v_grid grid;
  // Whether integers hold all scaled products.
  int small;
} gate_state;

// Products of words, the upper half of each 32 bits being multiplied with nothing, are exact; so are they as numbers.
INLINE bytes gated(bytes x, const gate_state *s, int small) {
  bytes low = w_sub(b_zip_low8(x, i_zero()), s->zero), high = w_sub(b_zip_high8(x, i_zero()), s->zero);
  bytes n[4] = {b_zip_low16(low, low), b_zip_high16(low, low), b_zip_low16(high, high), b_zip_high16(high, high)};
  vec y[4];
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) y[i] = v_mul(i_numbers(w_dot(n[i], s->factor[i])), s->scale);
  return small ? v_bytes_of_small(y, s->grid) : v_bytes(y, s->grid);
}

INLINE void open_gate(gate_state *s, bytes gate, int32_t zero) {
  bytes offset = w_set(zero);
  bytes low = w_sub(b_zip_low8(gate, i_zero()), offset), high = w_sub(b_zip_high8(gate, i_zero()), offset);
  s->factor[0] = b_zip_low16(low, i_zero());
  s->factor[1] = b_zip_high16(low, i_zero());
  s->factor[2] = b_zip_low16(high, i_zero());
  s->factor[3] = b_zip_high16(high, i_zero());
}

INLINE void gate_pixels(size_t pixels, size_t channels, const uint8_t *x, const uint8_t *gate, int32_t gate_zero,
                        gate_state s, uint8_t *y, int small) {
  const uint8_t *end = x + pixels * channels;
  size_t rest = channels % b_width;
  for (size_t pixel = 0; pixel < pixels; pixel += group) {
    size_t count = pixels - pixel < group ? pixels - pixel : group;
    const uint8_t *from = x + pixel * channels;
    uint8_t *to = y + pixel * channels;
    size_t c = 0;
    for (; c + b_width <= channels; c += b_width) {
      open_gate(&s, b_load(gate + c), gate_zero);
      for (size_t i = 0; i < count; i++) {
        b_store(to + i * channels + c, gated(b_load(from + i * channels + c), &s, small));
      }
    }
    if (rest == 0) continue;
    open_gate(&s, b_load_first(gate + c, (int)rest), gate_zero);
    for (size_t i = 0; i < count; i++) {
      bytes last = b_load_before(from + i * channels + c, (int)rest, end);
      b_store_first(to + i * channels + c, gated(last, &s, small), (int)rest);
    }
  }
}

static void gate_any(size_t pixels, size_t channels, const uint8_t *x, const uint8_t *gate, int32_t gate_zero,
                     const gate_state *s, uint8_t *y) {
  if (s->small) {
    gate_pixels(pixels, channels, x, gate, gate_zero, *s, y, 1);
  } else {
    gate_pixels(pixels, channels, x, gate, gate_zero, *s, y, 0);
  }
}

// The least number of pixels that whole vectors hold.
static size_t pixels_of_vectors(size_t channels) {
  size_t count = 1;
  while (count < b_width && channels * count % b_width != 0) count *= 2;
  return count;
}

void KERNEL(qn_u8_gate)(size_t pixels, size_t channels, const uint8_t *x, const uint8_t *gate,
                        const qn_u8_multiplication *multiplication, uint8_t *y) {
  const qn_u8_multiplication *m = multiplication;
  gate_state s = {.scale = v_set(m->scale), .zero = w_set(m->x_zero), .grid = v_grid_of(m->zero, m->low, m->high)};
  s.small = m->scale < 32768;
  // Pixels that do not fill their vectors are taken together, with as many copies of the gate.
  uint8_t copies[most_copied];
  size_t some = pixels_of_vectors(channels), whole = pixels / some;
  if (some > 1 && whole > 0 && some * channels <= most_copied) {
    for (size_t i = 0; i < some; i++) memcpy(copies + i * channels, gate, channels);
    gate_any(whole, some * channels, x, copies, m->gate_zero, &s, y);
    size_t done = whole * some;
    x += done * channels;
    y += done * channels;
    pixels -= done;
  }
  gate_any(pixels, channels, x, gate, m->gate_zero, &s, y);
}
