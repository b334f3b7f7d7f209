#pragma once
#include "quoin-types.h"
#include <stddef.h>
#include <stdint.h>

/// Unrolls windows of one NHWC image of bytes into the rows of a matrix, so that a convolution becomes a matrix product.
///
/// Row `p` begins at `rows + p * row_stride` and belongs to output pixel `pixel_begin + p` (row-major over the output
/// image). It holds the taps in order (ky, kx, channel) for channels `channel_begin ..< channel_begin + channel_count`;
/// `zero`, the zero point, stands for the padding. What lies between the end of a row and the next one is left undefined.
/// Memory moves only, so one version serves every instruction set.
void qn_u8_im2col(const qn_window *window, const uint8_t *x, uint8_t zero, int channel_begin, int channel_count,
                  int pixel_begin, int pixel_end, uint8_t *rows, size_t row_stride);
