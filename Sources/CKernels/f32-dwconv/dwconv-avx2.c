#include "CKernels.h"
#include "kernels.h"

#include <immintrin.h>
#include <math.h>
#include <stddef.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"
#include "../simd/activation.h"
#include "../simd/taps.h"

#define KERNEL qn_f32_dwconv__avx2
#define MOST_ROWS 1
#define MASKS_ARE_FREE 0
#include "dwconv.h"
#pragma clang attribute pop
