#pragma once

double qn_probe_multiply_add__portable(long rounds, float *sink);
double qn_probe_multiply_add__avx2(long rounds, float *sink);
double qn_probe_multiply_add__avx512(long rounds, float *sink);
