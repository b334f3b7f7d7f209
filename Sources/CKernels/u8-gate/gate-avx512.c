#include "kernels.h"

#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma"))), apply_to = function)
#include "../simd/avx512.h"
#include "../simd/bytes-avx512.h"
#include "../simd/grid.h"

#define KERNEL(name) name##__avx512
#include "gate.h"
#pragma clang attribute pop
