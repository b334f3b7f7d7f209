#pragma once

// Lookups by permutations of 128 bytes (VBMI).

typedef struct {
  bytes entries[4];
} lookup;

static lookup lookup_of(const uint8_t *table) {
  return (lookup){{b_load(table), b_load(table + 64), b_load(table + 128), b_load(table + 192)}};
}

static inline bytes looked_up(const lookup *l, bytes x) {
  bytes lower = _mm512_permutex2var_epi8(l->entries[0], x, l->entries[1]);
  bytes upper = _mm512_permutex2var_epi8(l->entries[2], x, l->entries[3]);
  return b_choose(x, upper, lower);
}
