#include "kernels.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma"))), apply_to = function)
#include "../simd/avx512.h"

#define MULTIPLY_ADD qn_probe_multiply_add__avx512
#define READ qn_probe_read__avx512
#include "probe.h"
#pragma clang attribute pop
