#pragma once
#include "quoin-f32-training.h"

// One table per instruction set, each from its own translation unit over the same templates.
extern const qn_f32_training_kernels qn_f32_training__portable, qn_f32_training__avx2, qn_f32_training__avx512;
