#include "kernels.h"

#include <immintrin.h>
#include <string.h>

#define INLINE __attribute__((always_inline)) static inline

#define TARGET "avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx512bf16,avx2,fma"
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#include "../simd/avx512.h"
#include "linear.h"
#include "bf16-vectors.h"

#define KERNEL qn_bf16_gemm__avx512_bf16
#define TALLEST 12
enum { tallest = TALLEST, depth = 2, parts_of_one = 8 };
#include "bf16-product.h"
#pragma clang attribute pop
