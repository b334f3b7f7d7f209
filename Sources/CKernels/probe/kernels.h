#pragma once

#include <stddef.h>

double qn_probe_multiply_add__portable(long rounds, float *sink);
double qn_probe_multiply_add__avx2(long rounds, float *sink);
double qn_probe_multiply_add__avx512(long rounds, float *sink);

float qn_probe_read__portable(const float *x, size_t count);
float qn_probe_read__avx2(const float *x, size_t count);
float qn_probe_read__avx512(const float *x, size_t count);
