#pragma once
#include "quoin-u8-convert.h"

// The family, one row per kernel and in rising order of instruction sets. Declarations, the table and the tests follow.
#define QN_U8_CONVERT_KERNELS(ROW) \
  ROW(portable)                    \
  ROW(avx2)                        \
  ROW(avx512)

#define DECLARE(isa)                                                                                           \
  void qn_u8_quantise__##isa(size_t count, const float *x, float scale, uint8_t zero, uint8_t *y);               \
  void qn_u8_dequantise__##isa(size_t count, const uint8_t *x, float scale, uint8_t zero, float *y);             \
  void qn_u8_quantise_planes__##isa(size_t pixels, size_t channels, const float *x, size_t plane, float scale,   \
                                    uint8_t zero, uint8_t *y);                                                   \
  void qn_u8_dequantise_planes__##isa(size_t pixels, size_t channels, const uint8_t *x, float scale, uint8_t zero, \
                                      float *y, size_t plane);
QN_U8_CONVERT_KERNELS(DECLARE)
#undef DECLARE
