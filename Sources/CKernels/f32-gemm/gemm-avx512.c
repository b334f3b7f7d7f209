#include "CKernels.h"
#include "kernels.h"

#include <immintrin.h>
#include <math.h>
#include <stddef.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma"))), apply_to = function)
#include "../simd/avx512.h"
#include "../simd/activation.h"

#define TALLEST 14
#include "../simd/rows.h"

#define KERNEL qn_f32_gemm__avx512
#include "gemm.h"
#pragma clang attribute pop
