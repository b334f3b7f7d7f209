#pragma once
#include "quoin-types.h"
#include <stddef.h>

/// Unrolls windows of one NHWC image into the rows of a matrix, so that a convolution becomes a matrix product.
///
/// Row `p` belongs to output pixel `pixel_begin + p` (row-major over the output image) and holds the taps in order
/// (ky, kx, channel) for channels `channel_begin ..< channel_begin + channel_count`; zeros stand for the padding.
/// Memory moves only, so one version serves every instruction set.
void qn_f32_im2col(const qn_window *window, const float *x, int channel_begin, int channel_count, int pixel_begin,
                   int pixel_end, float *rows);

/// The transpose of `qn_f32_im2col`: adds every row's elements back to the pixels that they came from.
void qn_f32_col2im_add(const qn_window *window, const float *rows, int channel_begin, int channel_count,
                       int pixel_begin, int pixel_end, float *x);
