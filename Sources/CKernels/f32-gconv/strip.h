#pragma once
#include "quoin-f32-gconv.h"

// Some rows of the input, cut down to the channels that one vector of outputs reads and widened by the padding, so that
// a kernel meets no borders and finds all that it reads in the first-level cache.

// The output rows whose strip stays in the cache; at least 1.
int qn_f32_gconv_strip_rows(const qn_window *window, int inputs);

// Pixels of a row of a strip.
int qn_f32_gconv_strip_width(const qn_window *window);

// Fills the strip that `rows` output rows from `row` on read.
void qn_f32_gconv_fill(const qn_window *window, const float *x, qn_f32_gconv_inputs inputs, int row, int rows,
                       float *strip);
