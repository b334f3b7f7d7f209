#include "kernels.h"

#include <immintrin.h>
#include <string.h>

#define INLINE __attribute__((always_inline)) static inline
#define DOT _mm256_dpbusd_avx_epi32

#pragma clang attribute push(__attribute__((target("avx2,fma,avxvnni"))), apply_to = function)
#include "requantise-avx2.h"
#include "vectors-avx2.h"
#include "dot-vnni.h"

#define KERNEL qn_u8_gemm__avx2_vnni
#define TALLEST 6
enum { tallest = TALLEST, depth = 4, parts_of_one = 4 };
#include "gemm.h"
#pragma clang attribute pop
