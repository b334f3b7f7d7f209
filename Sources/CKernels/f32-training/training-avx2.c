#include "CKernels.h"
#include "kernels.h"

#include <immintrin.h>
#include <math.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"
#include "between-avx2.h"
#include "../simd/activation.h"

#define KERNELS qn_f32_training__avx2
#define ISA qn_avx2
#include "vectors.h"
#include "matmul.h"
#include "view.h"
#include "elementwise.h"
#include "depthwise.h"
#include "depthwise-backward.h"
#include "table.h"
#pragma clang attribute pop
