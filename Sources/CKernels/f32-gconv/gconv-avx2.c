#include "CKernels.h"
#include "kernels.h"
#include "strip.h"

#include <immintrin.h>
#include <math.h>
#include <stddef.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"
#include "../simd/activation.h"

#define TALLEST 12
#include "../simd/rows.h"

#define KERNEL qn_f32_gconv__avx2
#include "gconv.h"
#pragma clang attribute pop
