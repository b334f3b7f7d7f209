#include "CKernels.h"
#include "kernels.h"
#include "points.h"

#include <immintrin.h>
#include <math.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"
#include "../simd/activation.h"
#include "transforms.h"

#define TILE 2
#define INPUT qn_f32_winograd_input_2__avx2
#define OUTPUT qn_f32_winograd_output_2__avx2
#include "winograd.h"

#define TILE 4
#define INPUT qn_f32_winograd_input_4__avx2
#define OUTPUT qn_f32_winograd_output_4__avx2
#include "winograd.h"
#pragma clang attribute pop
