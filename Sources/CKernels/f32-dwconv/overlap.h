// Template, part of dwconv.h: windows without dilation that lie 1 or 2 columns apart, and so share most of their input.
//
// A tile of up to 8 neighbouring output pixels, in two rows where the registers suffice, loads every input column once
// and adds it to all windows that it lies in. Borders are columns and rows that are skipped.

// Where a tile lies: its first output pixel, the channel, and the columns of its input that are inside the image.
typedef struct {
  int oy, ox, c, first, last;
} place;

// Adds one row of the input to the sums of the upper windows, if `upper`, by the taps at `weight`, and to those of the
// lower ones, if `lower`, by the taps at `weight_below`. All but the addresses are constants at every call.
INLINE void add_row(vec *sums, const float *from, const float *weight, const float *weight_below, ptrdiff_t channels,
                    place at, int upper, int lower, int count, int width, int stride, int edges, int tail,
                    vec_mask mask) {
  vec above[widest], below[widest];
#pragma clang loop unroll(full)
  for (int kx = 0; kx < width; kx++) {
    if (upper) above[kx] = load(weight + kx * channels, tail, mask);
    if (lower) below[kx] = load(weight_below + kx * channels, tail, mask);
  }
  int columns = (count - 1) * stride + width;
#pragma clang loop unroll(full)
  for (int j = 0; j < columns; j++) {
    // Every third column has an address of its own, the two after it are reached by the distance: whole-number
    // additions compete with multiplications for the same ports.
    if (j > 0 && j % 3 == 0) {
      from += 3 * channels;
      __asm__("" : "+r"(from));
    }
    // Padding is at most half a window, so that inner columns are never outside.
    if (edges && j < width / 2 && j < at.first) continue;
    if (edges && j >= columns - width / 2 && j >= at.last) continue;
    vec value = load(from + j % 3 * channels, tail, mask);
#pragma clang loop unroll(full)
    for (int kx = 0; kx < width; kx++) {
      int p = j - kx;
      if (p < 0 || p % stride != 0 || p / stride >= count) continue;
      if (upper) sums[p / stride] = v_fma(value, above[kx], sums[p / stride]);
      if (lower) sums[count + p / stride] = v_fma(value, below[kx], sums[count + p / stride]);
    }
  }
}

// `count` pixels of `out_rows` rows for one vector of channels. All but the place are constants at every call.
INLINE void overlapping(const arguments *a, place at, int out_rows, int count, int width, int stride, int edges,
                        int tail, vec_mask mask) {
  const qn_window *w = a->window;
  ptrdiff_t channels = w->channels, line = (ptrdiff_t)w->width * channels, taps = (ptrdiff_t)width * channels;
  vec start = a->bias ? load(a->bias + at.c, tail, mask) : v_zero();
  vec sums[2 * tile];
#pragma clang loop unroll(full)
  for (int i = 0; i < out_rows * count; i++) sums[i] = start;
  int top = at.oy * w->stride_y - w->pad_top, height = (out_rows - 1) * w->stride_y + w->kernel_height;
  const float *from = a->x + top * line + (ptrdiff_t)(at.ox * stride - w->pad_left) * channels + at.c;
  const float *weight = a->weights + at.c, *weight_below = weight - w->stride_y * taps;
  for (int r = 0; r < height; r++, from += line, weight += taps, weight_below += taps) {
    if (top + r < 0 || top + r >= w->height) continue;
    int upper = r < w->kernel_height, lower = out_rows > 1 && r >= w->stride_y;
    if (out_rows == 1 || (upper && !lower)) {
      add_row(sums, from, weight, weight_below, channels, at, 1, 0, count, width, stride, edges, tail, mask);
    } else if (upper) {
      add_row(sums, from, weight, weight_below, channels, at, 1, 1, count, width, stride, edges, tail, mask);
    } else if (lower) {
      add_row(sums, from, weight, weight_below, channels, at, 0, 1, count, width, stride, edges, tail, mask);
    }
  }
  finish(a, sums, at.oy, at.ox, at.c, count, tail, mask);
  if (out_rows > 1) finish(a, sums + count, at.oy + 1, at.ox, at.c, count, tail, mask);
}

// The same for a range of channels.
INLINE void overlapping_channels(const arguments *a, int oy, int ox, span channels, int out_rows, int count, int width,
                                 int stride, int edges) {
  int left = ox * stride - a->window->pad_left;
  place at = {oy, ox, channels.begin, left < 0 ? -left : 0, a->window->width - left};
#if MASKS_ARE_FREE
  for (; at.c < channels.end; at.c += v_width) {
    int some = channels.end - at.c < v_width ? channels.end - at.c : v_width;
    overlapping(a, at, out_rows, count, width, stride, edges, 1, v_first(some));
  }
#else
  for (; at.c + v_width <= channels.end; at.c += v_width) {
    overlapping(a, at, out_rows, count, width, stride, edges, 0, v_first(v_width));
  }
  if (at.c < channels.end) {
    overlapping(a, at, out_rows, count, width, stride, edges, 1, v_first(channels.end - at.c));
  }
#endif
}

INLINE void overlapping_rows(const arguments *a, int oy, span channels, int out_rows, int width, int stride) {
  const qn_window *w = a->window;
  // Images are often 7 · 2^n pixels wide.
  int usual = w->out_width % 7 == 0 ? 7 : 8;
  for (int ox = 0, left; (left = w->out_width - ox) > 0;) {
    int start = ox * stride - w->pad_left, reach = start + (usual - 1) * stride + width;
    int inside = start >= 0 && reach <= w->width;
    if (left >= usual && usual == 7) {
      if (inside) {
        overlapping_channels(a, oy, ox, channels, out_rows, 7, width, stride, 0);
      } else {
        overlapping_channels(a, oy, ox, channels, out_rows, 7, width, stride, 1);
      }
      ox += 7;
    } else if (left >= usual) {
      if (inside) {
        overlapping_channels(a, oy, ox, channels, out_rows, 8, width, stride, 0);
      } else {
        overlapping_channels(a, oy, ox, channels, out_rows, 8, width, stride, 1);
      }
      ox += 8;
    } else if (left >= 4) {
      overlapping_channels(a, oy, ox, channels, out_rows, 4, width, stride, 1);
      ox += 4;
    } else {
      overlapping_channels(a, oy, ox, channels, out_rows, 1, width, stride, 1);
      ox += 1;
    }
  }
}

// Kept apart, since each holds several unrolled loops.
#define ROWS(width, stride)                                                                                            \
  __attribute__((noinline)) static void rows_##width##_##stride(const arguments *a, int oy, span channels, int rows) { \
    if (MOST_ROWS == 2 && rows == 2) {                                                                                 \
      overlapping_rows(a, oy, channels, MOST_ROWS, width, stride);                                                     \
    } else {                                                                                                           \
      overlapping_rows(a, oy, channels, 1, width, stride);                                                             \
    }                                                                                                                  \
  }
ROWS(3, 1)
ROWS(3, 2)
ROWS(5, 1)
ROWS(5, 2)
ROWS(7, 1)
#undef ROWS

typedef void (*rows_function)(const arguments *a, int oy, span channels, int rows);

// The function for a window, or NULL where it has too much padding or none fits.
static rows_function overlapping_function(const qn_window *w) {
  int half = w->kernel_width / 2;
  int over = (w->out_width - 1) * w->stride_x - w->pad_left + w->kernel_width - w->width;
  if (w->dilation_x != 1 || w->dilation_y != 1 || w->pad_left > half || over > half) return NULL;
  switch (w->kernel_width * 10 + w->stride_x) {
    case 31: return rows_3_1;
    case 32: return rows_3_2;
    case 51: return rows_5_1;
    case 52: return rows_5_2;
    case 71: return rows_7_1;
    default: return NULL;
  }
}
