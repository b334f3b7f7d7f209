#pragma once

// The taps from `begin` to before `end` of a window that lie inside an image.
typedef struct {
  int begin, end;
} taps;

// For a window of `kernel` taps from position `start` on, `dilation` apart, in an extent of `size`. May be empty.
static inline taps taps_inside(int start, int size, int kernel, int dilation) {
  // Most windows lie inside, or are not dilated: then nothing has to be divided.
  if (start >= 0 && start + (kernel - 1) * dilation < size) return (taps){0, kernel};
  if (dilation == 1) return (taps){start < 0 ? -start : 0, start + kernel > size ? size - start : kernel};
  taps t = {start < 0 ? (-start + dilation - 1) / dilation : 0, kernel};
  if (start + (kernel - 1) * dilation >= size) t.end = start >= size ? 0 : (size - 1 - start) / dilation + 1;
  return t;
}
