#pragma once

// Kernels of the project's own, in C for the sake of SIMD intrinsics. Images are NHWC, in FP32 or bytes.
//
// A kernel family is a folder `<type>-<operation>`: a template written over the vector vocabulary in `simd/`, one
// translation unit per instruction set, a portable reference in plain loops, and a list of all of them in `kernels.h`,
// from which the declarations and the table that callers and tests walk are made. A new kernel is one new row there.
//
// Kernels trust their arguments; the callers in Swift check.

#include "quoin-cpu.h"
#include "quoin-f32-binary.h"
#include "quoin-f32-dwconv.h"
#include "quoin-f32-epilogue.h"
#include "quoin-f32-gconv.h"
#include "quoin-f32-gemm.h"
#include "quoin-f32-im2col.h"
#include "quoin-f32-layout.h"
#include "quoin-f32-pool.h"
#include "quoin-f32-resize.h"
#include "quoin-f32-rows.h"
#include "quoin-f32-stem.h"
#include "quoin-f32-training.h"
#include "quoin-f32-winograd.h"
#include "quoin-f64-meeting.h"
#include "quoin-linear-gemm.h"
#include "quoin-probe.h"
#include "quoin-types.h"
#include "quoin-u8-add.h"
#include "quoin-u8-convert.h"
#include "quoin-u8-dwconv.h"
#include "quoin-u8-gate.h"
#include "quoin-u8-gemm.h"
#include "quoin-u8-im2col.h"
#include "quoin-u8-layout.h"
#include "quoin-u8-pool.h"
#include "quoin-u8-resize.h"
#include "quoin-u8-table.h"
#include "quoin-u8-types.h"
