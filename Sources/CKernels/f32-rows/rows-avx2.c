#include "CKernels.h"
#include "kernels.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"
#include "../simd/activation.h"

#define SOFTMAX qn_f32_softmax__avx2
#define LAYERNORM qn_f32_layernorm__avx2
#include "rows.h"
#pragma clang attribute pop
