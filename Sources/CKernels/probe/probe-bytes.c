#include "CKernels.h"

#include <immintrin.h>

// The multiply-adds of bytes that each instruction set is fastest at, in registers only. Enough independent sums to hide
// the latency of the additions, and few enough to stay in registers.

enum { chains = 12, tile_side = 16, tile_depth = 64 };

static double portable(long rounds, float *sink) {
  int sums[chains];
  for (int i = 0; i < chains; i++) sums[i] = i;
  for (long round = 0; round < rounds; round++) {
#pragma clang loop unroll(full) vectorize(disable)
    for (int i = 0; i < chains; i++) {
      sums[i] += (uint8_t)sums[i] * (int8_t)3;
      __asm__ volatile("" : "+r"(sums[i]));
    }
  }
  for (int i = 0; i < chains; i++) *sink += (float)sums[i];
  return 2.0 * chains * (double)rounds;
}

// Words of 16 bits: the instruction for bytes saturates.
__attribute__((target("avx2"))) static double words256(long rounds, float *sink) {
  __m256i sums[chains], a = _mm256_set1_epi16(3), b = _mm256_set1_epi16(5);
  for (int i = 0; i < chains; i++) sums[i] = _mm256_set1_epi32(i);
  for (long round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < chains; i++) {
      __m256i product = _mm256_madd_epi16(a, b);
      __asm__ volatile("" : "+x"(product));
      sums[i] = _mm256_add_epi32(sums[i], product);
    }
  }
  for (int i = 0; i < chains; i++) *sink += (float)_mm256_extract_epi32(sums[i], 0);
  return 2.0 * 16 * chains * (double)rounds;
}

__attribute__((target("avx512f,avx512bw"))) static double words512(long rounds, float *sink) {
  __m512i sums[chains], a = _mm512_set1_epi16(3), b = _mm512_set1_epi16(5);
  for (int i = 0; i < chains; i++) sums[i] = _mm512_set1_epi32(i);
  for (long round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < chains; i++) {
      __m512i product = _mm512_madd_epi16(a, b);
      __asm__ volatile("" : "+v"(product));
      sums[i] = _mm512_add_epi32(sums[i], product);
    }
  }
  for (int i = 0; i < chains; i++) *sink += (float)_mm512_reduce_add_epi32(sums[i]);
  return 2.0 * 32 * chains * (double)rounds;
}

__attribute__((target("avx512f,avx512bw,avx512vnni"))) static double dots512(long rounds, float *sink) {
  __m512i sums[chains], a = _mm512_set1_epi8(3), b = _mm512_set1_epi8(5);
  for (int i = 0; i < chains; i++) sums[i] = _mm512_set1_epi32(i);
  for (long round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < chains; i++) {
      sums[i] = _mm512_dpbusd_epi32(sums[i], a, b);
      __asm__ volatile("" : "+v"(sums[i]));
    }
  }
  for (int i = 0; i < chains; i++) *sink += (float)_mm512_reduce_add_epi32(sums[i]);
  return 2.0 * 64 * chains * (double)rounds;
}

__attribute__((target("amx-tile,amx-int8"))) static double tiles(long rounds, float *sink) {
  struct {
    uint8_t palette, start, reserved[14];
    uint16_t columns[16];
    uint8_t rows[16];
  } __attribute__((packed)) shapes = {.palette = 1};
  for (int i = 0; i < 8; i++) {
    shapes.columns[i] = tile_depth;
    shapes.rows[i] = tile_side;
  }
  static const uint8_t data[tile_side * tile_depth] __attribute__((aligned(64)));
  _tile_loadconfig(&shapes);
  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_loadd(4, data, tile_depth);
  _tile_loadd(5, data, tile_depth);
  _tile_loadd(6, data, tile_depth);
  _tile_loadd(7, data, tile_depth);
  for (long round = 0; round < rounds; round++) {
    _tile_dpbusd(0, 4, 6);
    _tile_dpbusd(1, 4, 7);
    _tile_dpbusd(2, 5, 6);
    _tile_dpbusd(3, 5, 7);
  }
  int32_t sums[tile_side * tile_side];
  _tile_stored(0, sums, 4 * tile_side);
  _tile_release();
  *sink += (float)sums[0];
  return 2.0 * 4 * tile_side * tile_side * tile_depth * (double)rounds;
}

double qn_probe_byte_multiply_add(qn_isa isa, long rounds, float *sink) {
  switch (isa) {
    case qn_portable: return portable(rounds, sink);
    case qn_avx2: return words256(rounds, sink);
    case qn_avx512: return qn_cpu_probe().avx512_vnni ? dots512(rounds, sink) : words512(rounds, sink);
    // A round is far more work than the others'.
    case qn_amx: return tiles(rounds / 16, sink);
  }
  return 0;
}
