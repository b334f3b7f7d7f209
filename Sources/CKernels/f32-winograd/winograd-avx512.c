#include "CKernels.h"
#include "kernels.h"
#include "points.h"

#include <immintrin.h>
#include <math.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma"))), apply_to = function)
#include "../simd/avx512.h"
#include "../simd/activation.h"
#include "transforms.h"

#define TILE 2
#define INPUT qn_f32_winograd_input_2__avx512
#define OUTPUT qn_f32_winograd_output_2__avx512
#include "winograd.h"

#define TILE 4
#define INPUT qn_f32_winograd_input_4__avx512
#define OUTPUT qn_f32_winograd_output_4__avx512
#include "winograd.h"
#pragma clang attribute pop
