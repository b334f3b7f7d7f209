#include "CKernels.h"
#include "kernels.h"

#include <immintrin.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"
#include "../simd/activation.h"

#define KERNEL qn_f32_epilogue__avx2
#include "epilogue.h"
#pragma clang attribute pop
