#include "CKernels.h"
#include "kernels.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma"))), apply_to = function)
#include "../simd/avx512.h"

#define KERNEL qn_f32_binary__avx512
#include "binary.h"
#pragma clang attribute pop
