#include "kernels.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"

#define MULTIPLY_ADD qn_probe_multiply_add__avx2
#define READ qn_probe_read__avx2
#include "probe.h"
#pragma clang attribute pop
