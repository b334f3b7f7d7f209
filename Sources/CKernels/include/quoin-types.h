#pragma once

/// An instruction-set level; a higher one includes the lower ones.
typedef enum {
  /// C without intrinsics: the reference of all others.
  qn_portable = 0,
  /// AVX2 and FMA.
  qn_avx2 = 1,
  /// AVX-512 F, DQ, BW, VL and CD.
  qn_avx512 = 2,
  /// Tiles of bytes and BF16 (AMX), beside AVX-512.
  qn_amx = 3,
} qn_isa;

/// An elementwise non-linearity; the order is that of `Activation.allCases` in Swift.
typedef enum {
  qn_identity = 0,
  qn_relu = 1,
  qn_relu6 = 2,
  qn_hswish = 3,
  qn_hsigmoid = 4,
  qn_swish = 5,
  qn_sigmoid = 6,
  qn_gelu = 7,
  qn_gelu_tanh = 8,
  qn_tanh = 9,
} qn_activation;

/// A sliding window over one NHWC image.
typedef struct {
  int height, width, channels;
  int out_height, out_width;
  int kernel_height, kernel_width;
  int stride_y, stride_x;
  int pad_top, pad_left;
  int dilation_y, dilation_x;
} qn_window;
