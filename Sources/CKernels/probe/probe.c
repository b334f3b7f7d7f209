#include "CKernels.h"
#include "kernels.h"

double qn_probe_multiply_add__portable(long rounds, float *sink) {
  enum { chains = 12 };
  float sums[chains];
  for (int i = 0; i < chains; i++) sums[i] = (float)i;
  for (long round = 0; round < rounds; round++) {
#pragma clang loop unroll(full) vectorize(disable)
    for (int i = 0; i < chains; i++) {
      sums[i] = sums[i] * 0.5f + 0.25f;
      __asm__ volatile("" : "+x"(sums[i]));
    }
  }
  for (int i = 0; i < chains; i++) *sink += sums[i];
  return 2.0 * chains * (double)rounds;
}

double qn_probe_multiply_add(qn_isa isa, long rounds, float *sink) {
  switch (isa) {
    case qn_portable: return qn_probe_multiply_add__portable(rounds, sink);
    case qn_avx2: return qn_probe_multiply_add__avx2(rounds, sink);
    case qn_avx512:
    case qn_amx: return qn_probe_multiply_add__avx512(rounds, sink);
  }
  return 0;
}

float qn_probe_read__portable(const float *x, size_t count) {
  // One sum per lane and line, so that additions never wait for each other.
  float sums[64] = {0};
  for (size_t i = 0; i < count; i += 64) {
    for (int j = 0; j < 64; j++) sums[j] += x[i + j];
  }
  float sum = 0;
  for (int j = 0; j < 64; j++) sum += sums[j];
  return sum;
}

float qn_probe_read(qn_isa isa, const float *x, size_t count) {
  switch (isa) {
    case qn_portable: return qn_probe_read__portable(x, count);
    case qn_avx2: return qn_probe_read__avx2(x, count);
    case qn_avx512:
    case qn_amx: return qn_probe_read__avx512(x, count);
  }
  return 0;
}

void qn_probe_triad(float *a, const float *b, const float *c, float scale, size_t count) {
  for (size_t i = 0; i < count; i++) a[i] = b[i] + scale * c[i];
}

// Neither heats the vector units: a processor that switches them on and off is slower for a while, whoever else runs.

void qn_probe_issue(long rounds, uint64_t *sink) {
  enum { chains = 10 };
  uint64_t sums[chains];
  for (int i = 0; i < chains; i++) sums[i] = *sink + (uint64_t)i;
  for (long round = 0; round < rounds; round++) {
#pragma clang loop unroll(full) vectorize(disable)
    for (int i = 0; i < chains; i++) {
      sums[i] += 7;
      __asm__ volatile("" : "+r"(sums[i]));
    }
  }
  for (int i = 0; i < chains; i++) *sink += sums[i];
}

uint64_t qn_probe_load(const void *words, size_t count) {
  typedef uint64_t word __attribute__((vector_size(16)));
  enum { streams = 8 };
  const word *x = words;
  word bits[streams] = {0};
  for (size_t i = 0; i < count; i += streams) {
#pragma clang loop unroll(full)
    for (int j = 0; j < streams; j++) {
      bits[j] |= x[i + (size_t)j];
      __asm__ volatile("" : "+x"(bits[j]));
    }
  }
  for (int j = 1; j < streams; j++) bits[0] |= bits[j];
  return bits[0][0] | bits[0][1];
}
