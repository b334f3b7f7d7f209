#pragma once
#include "quoin-u8-dwconv.h"

// How a window is cut. Multiplications take four input rows at once, so a strip of output rows reads `quads` times four
// rows, and as many output rows go into a strip as make the best use of them: two of a 3 × 3 window of stride 1 read four.

// Bytes for the interleaved rows of a strip; with the weights they fit into the first-level cache.
enum { scratch_bytes = 20 * 1024, most_quads = 8 };

typedef struct {
  // Output rows of a strip, and quads of input rows that it reads.
  int rows, quads;
} dwconv_plan;

static inline int dwconv_quads(const qn_window *w, int rows) {
  return ((rows - 1) * w->stride_y + w->kernel_height + 3) / 4;
}

static inline dwconv_plan dwconv_plan_of(const qn_window *w) {
  dwconv_plan best = {1, dwconv_quads(w, 1)};
  // Rows of a dilated window do not overlap with those of the next one.
  for (int rows = 2; rows <= 4 && w->dilation_y == 1; rows++) {
    int quads = dwconv_quads(w, rows);
    // Every row of the strip is multiplied with all quads; interleaving them is shared.
    if (quads <= best.quads) best = (dwconv_plan){rows, quads};
  }
  return best;
}

// The input columns that `count` neighbouring output columns read.
static inline int dwconv_span(const qn_window *w, int count) {
  return (count - 1) * w->stride_x + (w->kernel_width - 1) * w->dilation_x + 1;
}

// Output columns whose input fits into the scratch memory, with `quad` bytes for a quad of one column; 0 if none does.
// One row of quads takes half of the memory at most, where it can: the input shares the cache with it.
static inline int dwconv_columns(const qn_window *w, dwconv_plan plan, int quad) {
  int room = scratch_bytes / (plan.quads * quad), usual = scratch_bytes / 2 / quad, least = dwconv_span(w, 1);
  if (room < least || plan.quads > most_quads) return 0;
  if (room > usual) room = usual > least ? usual : least;
  int count = (room - least) / w->stride_x + 1;
  return count < w->out_width ? count : w->out_width;
}
