// Template: included once per instruction set with KERNEL defined. A vector of the gate serves a few pixels in turn.

#define INLINE __attribute__((always_inline)) static inline

// Pixels that share a vector of the gate.
enum { group = 8 };

typedef struct {
  vec factor[4];
  vec scale;
  ints zero;
  v_grid grid;
} gate_state;

INLINE bytes gated(bytes x, const gate_state *s) {
  ints n[4];
  vec y[4];
  b_widen(x, n);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) {
    // The product of two bytes is exact in FP32, as it is among the integers.
    y[i] = v_mul(v_mul(i_numbers(i_sub(n[i], s->zero)), s->factor[i]), s->scale);
  }
  return v_bytes(y, s->grid);
}

INLINE void open_gate(gate_state *s, bytes gate, int32_t zero) {
  ints n[4];
  b_widen(gate, n);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) s->factor[i] = i_numbers(i_sub(n[i], i_set(zero)));
}

void KERNEL(qn_u8_gate)(size_t pixels, size_t channels, const uint8_t *x, const uint8_t *gate,
                        const qn_u8_multiplication *multiplication, uint8_t *y) {
  const qn_u8_multiplication *m = multiplication;
  gate_state s = {.scale = v_set(m->scale), .zero = i_set(m->x_zero), .grid = v_grid_of(m->zero, m->low, m->high)};
  const uint8_t *end = x + pixels * channels;
  size_t rest = channels % b_width;
  for (size_t pixel = 0; pixel < pixels; pixel += group) {
    size_t count = pixels - pixel < group ? pixels - pixel : group;
    const uint8_t *from = x + pixel * channels;
    uint8_t *to = y + pixel * channels;
    size_t c = 0;
    for (; c + b_width <= channels; c += b_width) {
      open_gate(&s, b_load(gate + c), m->gate_zero);
      for (size_t i = 0; i < count; i++) b_store(to + i * channels + c, gated(b_load(from + i * channels + c), &s));
    }
    if (rest == 0) continue;
    open_gate(&s, b_load_first(gate + c, (int)rest), m->gate_zero);
    for (size_t i = 0; i < count; i++) {
      bytes last = b_load_before(from + i * channels + c, (int)rest, end);
      b_store_first(to + i * channels + c, gated(last, &s), (int)rest);
    }
  }
}
