#pragma once
#include "quoin-types.h"
#include <stddef.h>

/// Multiplies and adds in registers only. Returns the floating-point operations done; `sink` receives a number that
/// depends on them.
double qn_probe_multiply_add(qn_isa isa, long rounds, float *sink);

/// The same for products of unsigned and signed bytes that are added to 32-bit sums, by the level's fastest instruction.
double qn_probe_byte_multiply_add(qn_isa isa, long rounds, float *sink);

/// The sum of `count` numbers, as fast as memory or a cache delivers them. `count` is a multiple of 128.
float qn_probe_read(qn_isa isa, const float *x, size_t count);

/// a = b + scale · c, the triad of the STREAM benchmark (McCalpin, 1995).
void qn_probe_triad(float *a, const float *b, const float *c, float scale, size_t count);

/// Additions of whole numbers that do not wait for each other, `rounds` of 10: as many as the core can issue. Adds to *sink.
void qn_probe_issue(long rounds, uint64_t *sink);

/// The bits that any of `count` words of 16 bytes has set; loads and little else. `count` is a multiple of 8.
uint64_t qn_probe_load(const void *words, size_t count);
