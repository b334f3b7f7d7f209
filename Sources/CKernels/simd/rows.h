#pragma once

// Rows of a matrix at one position of a sum over k, to be spread over the lanes one by one; included after the vector
// vocabulary, with TALLEST defined, the largest number of rows.
//
// Every third row has an address of its own and the two after it are reached by the stride, so that the loop over k
// advances few addresses: whole-number additions compete with multiplications for the same ports.
enum { address_every = 3, addresses = (TALLEST + address_every - 1) / address_every };

typedef struct {
  const char *row[addresses];
  ptrdiff_t stride;
} left_rows;

// `stride` is in elements.
__attribute__((always_inline)) static inline left_rows rows_from(const float *first, ptrdiff_t stride, int rows) {
  left_rows a;
  a.stride = stride * (ptrdiff_t)sizeof *first;
#pragma clang loop unroll(full)
  for (int i = 0; i * address_every < rows; i++) a.row[i] = (const char *)first + i * address_every * a.stride;
  return a;
}

// `steps` is in elements.
__attribute__((always_inline)) static inline void advance(left_rows *a, int rows, ptrdiff_t steps) {
#pragma clang loop unroll(full)
  for (int i = 0; i * address_every < rows; i++) {
    a->row[i] += steps * (ptrdiff_t)sizeof(float);
    // Hides how the address came about; the compiler would compute all rows' addresses from one.
    __asm__("" : "+r"(a->row[i]));
  }
}

// Adds one step of k, `ahead` behind the addresses, to the sums of `rows` × `vectors`.
__attribute__((always_inline)) static inline void accumulate(vec *sums, const left_rows *a, int ahead, const float *b,
                                                             int rows, int vectors) {
  vec right[2];
  for (int v = 0; v < vectors; v++) right[v] = v_load(b + v * v_width);
#pragma clang loop unroll(full)
  for (int r = 0; r < rows; r++) {
    const char *from = a->row[r / address_every] + r % address_every * a->stride;
    vec left = v_set(((const float *)from)[ahead]);
#pragma clang loop unroll(full)
    for (int v = 0; v < vectors; v++) sums[r * vectors + v] = v_fma(left, right[v], sums[r * vectors + v]);
  }
}
