#include "CKernels.h"
#include "kernels.h"

#include <immintrin.h>
#include <math.h>
#include <stddef.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"
#include "../simd/activation.h"

#define TALLEST 6
#include "../simd/rows.h"

#define KERNEL qn_f32_gemm__avx2
#include "gemm.h"
#pragma clang attribute pop
