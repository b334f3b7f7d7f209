#pragma once

// Lookups by shuffles of 16 entries. A shuffle gives 0 where the top bit of an index is set, so that an index less 16 i
// takes part in the rows 0 ... k where it lies in row k, within either half of the table; what a row holds beyond the first
// is its difference (xor) to the row before.

typedef struct {
  bytes differences[16];
} lookup;

static lookup lookup_of(const uint8_t *table) {
  lookup l;
  for (int i = 0; i < 16; i++) {
    l.differences[i] = b_entries(table + 16 * i);
    if (i % 8 > 0) l.differences[i] = b_xor(l.differences[i], b_entries(table + 16 * i - 16));
  }
  return l;
}

static inline bytes looked_up(const lookup *l, bytes x) {
  bytes lower = i_zero(), upper = i_zero(), index = x, other = b_xor(x, b_set(0x80));
#pragma clang loop unroll(full)
  for (int i = 0; i < 8; i++) {
    lower = b_xor(lower, b_look_up(l->differences[i], index));
    upper = b_xor(upper, b_look_up(l->differences[8 + i], other));
    index = b_sub(index, b_set(16));
    other = b_sub(other, b_set(16));
  }
  return b_choose(x, upper, lower);
}
