#include "CKernels.h"
#include "kernels.h"

#include <immintrin.h>
#include <math.h>
#include <stddef.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma"))), apply_to = function)
#include "../simd/avx512.h"
#include "../simd/activation.h"
#include "../simd/taps.h"

#define KERNEL qn_f32_dwconv__avx512
#define MOST_ROWS 2
#define MASKS_ARE_FREE 1
#include "dwconv.h"
#pragma clang attribute pop
