#pragma once
#include "quoin-f32-stem.h"

// Rows of the input, copied so that the pixels that neighbouring windows read with the same tap are neighbours: every
// row of a channel becomes one line per remainder of the column by the stride ("phase"), with zeros for the padding.

enum {
  // Output rows that share their lines.
  qn_f32_stem_rows = 4,
  // Output pixels that a kernel may compute beyond the width.
  qn_f32_stem_slack = 28,
};

typedef struct {
  // Elements of one phase of a line, and of all phases.
  int phase, line;
} qn_f32_stem_layout;

qn_f32_stem_layout qn_f32_stem_layout_of(const qn_window *window);

// Fills the lines that `rows` output rows from `row` on read; the lines of a row's channels are neighbours.
void qn_f32_stem_fill(const qn_window *window, const float *x, ptrdiff_t x_channel, ptrdiff_t x_pixel, int row,
                      int rows, float *lines);

// Where each tap (ky, kx, channel) of the first output pixel lies in the lines of an output row.
void qn_f32_stem_offsets(const qn_window *window, int offsets[qn_f32_stem_taps]);
