#include "kernels.h"

#include <immintrin.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx512f,avx512dq,avx512bw,avx512vl,avx512cd,avx2,fma,avx512vnni"))), apply_to = function)
#include "../simd/avx2.h"
#include "../simd/bytes-avx2.h"
#include "../simd/grid.h"

static inline ints b_dot(ints sum, bytes unsigned_bytes, bytes signed_bytes) {
  return _mm256_dpbusd_epi32(sum, unsigned_bytes, signed_bytes);
}
#include "quads-bytes.h"

// Output columns of a row that are summed at once; of two rows, half as many.
enum { tile_columns = 4 };

#define BLOCK qn_u8_dwconv_block__avx256vnni
#include "dwconv.h"
#pragma clang attribute pop
