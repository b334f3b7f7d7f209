#pragma once
#include "quoin-types.h"
#include "quoin-u8-types.h"

/// Depthwise convolution of one image of bytes: rows `row_begin ..< row_end` of the output and channels
/// `channel_begin ..< channel_end`.
///
/// `x` and `y` are whole NHWC images; the padding counts as `zero`, the input's zero point, so that the sums are those of
/// (q − zero) · weight plus the bias at the borders too. `packed` is what the kernel's own `pack` made. `channel_begin`
/// is a multiple of 64, and so is `channel_end` unless it is the number of channels. For `requantisation` a pixel is a
/// row and a channel a column, both counted from the image's first; the residual must not overlap `y`.
typedef void (*qn_u8_dwconv_function)(const qn_window *window, const uint8_t *x, uint8_t zero, const void *packed,
                                      const qn_requantisation *requantisation, uint8_t *y, int row_begin, int row_end,
                                      int channel_begin, int channel_end);

/// The bytes that the packed weights of a window take.
typedef size_t (*qn_u8_dwconv_packed_size)(const qn_window *window);

/// Packs tap-major weights `[kernel_height * kernel_width][channels]` and the bias, `[channels]` or NULL, for the zero
/// point of the input. `packed` is aligned to 64 bytes.
typedef void (*qn_u8_dwconv_pack)(const qn_window *window, const int8_t *weights, const int32_t *bias, uint8_t zero,
                                  void *packed);

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  qn_u8_dwconv_packed_size packed_size;
  qn_u8_dwconv_pack pack;
  qn_u8_dwconv_function function;
} qn_u8_dwconv_kernel;

/// All kernels of the family that this processor can run, the portable one first and the fastest last; returns their
/// number.
int qn_u8_dwconv_kernels(const qn_u8_dwconv_kernel **kernels);
