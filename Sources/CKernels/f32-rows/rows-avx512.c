#include "CKernels.h"
#include "kernels.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma"))), apply_to = function)
#include "../simd/avx512.h"
#include "../simd/activation.h"

#define SOFTMAX qn_f32_softmax__avx512
#define LAYERNORM qn_f32_layernorm__avx512
#include "rows.h"
#pragma clang attribute pop
