#pragma once
#include "quoin-f32-training.h"

// How the depthwise kernels use scratch memory: a group of channels at a time, so many that their planes stay in the
// second-level cache while rows of the image, which are contiguous for all channels of a pixel, are read in order.

// Elements that may be used where more than one vector of channels fits; half a megabyte, as two threads may share a cache.
enum { qn_depthwise_budget = 128 * 1024, qn_depthwise_widest = 16 };

// Elements that one channel needs: the padded image, the padded gradient, two sets of taps and a row.
static inline size_t qn_depthwise_channel_elements(const qn_window *w) {
  size_t reach_y = (size_t)(w->kernel_height - 1) * (size_t)w->dilation_y;
  size_t reach_x = (size_t)(w->kernel_width - 1) * (size_t)w->dilation_x;
  size_t image = ((size_t)(w->out_height - 1) * (size_t)w->stride_y + reach_y + 1) *
                 ((size_t)(w->out_width - 1) * (size_t)w->stride_x + reach_x + 1);
  size_t gathered = ((size_t)w->height + reach_y) * ((size_t)w->width + reach_x);
  size_t alone = (size_t)w->out_height * (size_t)w->out_width;
  size_t taps = 2 * (size_t)w->kernel_height * (size_t)w->kernel_width;
  return image + (gathered > alone ? gathered : alone) + taps + (size_t)w->width;
}
