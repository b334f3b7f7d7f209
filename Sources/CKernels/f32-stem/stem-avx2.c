#include "CKernels.h"
#include "kernels.h"
#include "lines.h"

#include <immintrin.h>
#include <math.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"
#include "../simd/activation.h"

#define KERNEL qn_f32_stem__avx2
#define TALLEST 6
#include "stem.h"
#pragma clang attribute pop
