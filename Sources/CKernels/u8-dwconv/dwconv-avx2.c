#include "kernels.h"

#include <immintrin.h>
#include <limits.h>
#include <stddef.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#include "../simd/avx2.h"
#include "../simd/bytes-avx2.h"
#include "../simd/grid.h"
#include "quads-words.h"

// Output columns of a row that are summed at once; of two rows, half as many.
enum { tile_columns = 2 };

#define BLOCK qn_u8_dwconv_block__avx2
#include "dwconv.h"
#pragma clang attribute pop
