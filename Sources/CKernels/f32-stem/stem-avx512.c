#include "CKernels.h"
#include "kernels.h"
#include "lines.h"

#include <immintrin.h>
#include <math.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma"))), apply_to = function)
#include "../simd/avx512.h"
#include "../simd/activation.h"

#define KERNEL qn_f32_stem__avx512
#define TALLEST 14
#include "stem.h"
#pragma clang attribute pop
