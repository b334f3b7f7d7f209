#include "kernels.h"

#include <immintrin.h>
#include <string.h>

#define INLINE __attribute__((always_inline)) static inline
#define HAS_VBMI 0
#define DOT _mm512_dpbusd_epi32

#define TARGET "avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx512vnni,avx2,fma"
#pragma clang attribute push(__attribute__((target(TARGET))), apply_to = function)
#include "requantise-avx512.h"
#include "vectors-avx512.h"
#include "dot-vnni.h"

#define KERNEL qn_u8_gemm__avx512_vnni
#define TALLEST 12
enum { tallest = TALLEST, depth = 4, parts_of_one = 8 };
#include "gemm.h"
#pragma clang attribute pop
