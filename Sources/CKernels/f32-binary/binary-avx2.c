#include "CKernels.h"
#include "kernels.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"

#define KERNEL qn_f32_binary__avx2
#include "binary.h"
#pragma clang attribute pop
