#include "kernels.h"

#include <immintrin.h>
#include <stddef.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"
#include "../simd/bytes-avx2.h"
#include "../simd/grid.h"

#define KERNEL(name) name##__avx2
#include "gate.h"
#pragma clang attribute pop
