// Template: included once per instruction set with KERNEL defined. One vector of channels of one window at a time.

#define INLINE __attribute__((always_inline)) static inline

// Words that hold the sum of any so many bytes.
enum { word_taps = 256 };

// A window inside the image: the pixel of its first tap, and how far apart the taps are.
typedef struct {
  const uint8_t *first, *end;
  int rows, columns;
  ptrdiff_t down, across;
} pixels;

INLINE bytes take(const uint8_t *p, int count, const uint8_t *end) {
  return count == b_width ? b_load(p) : b_load_before(p, count, end);
}

// `rows` and `columns` are the window's, as constants where it has one of the usual sizes.
INLINE bytes largest(const pixels *p, int rows, int columns, int c, int count) {
  bytes result = i_zero();
  for (int ky = 0; ky < rows; ky++) {
    const uint8_t *from = p->first + ky * p->down + c;
    for (int kx = 0; kx < columns; kx++, from += p->across) result = b_max(result, take(from, count, p->end));
  }
  return result;
}

// Adds a run of pixels, first in words, to four vectors of integers.
INLINE void add_run(const uint8_t *from, const pixels *p, int length, int count, ints sums[4]) {
  bytes low = i_zero(), high = i_zero(), zero = i_zero();
  for (int i = 0; i < length; i++, from += p->across) {
    bytes x = take(from, count, p->end);
    low = w_wrapping_add(low, b_zip_low8(x, zero));
    high = w_wrapping_add(high, b_zip_high8(x, zero));
  }
  sums[0] = i_add(sums[0], b_zip_low16(low, zero));
  sums[1] = i_add(sums[1], b_zip_high16(low, zero));
  sums[2] = i_add(sums[2], b_zip_low16(high, zero));
  sums[3] = i_add(sums[3], b_zip_high16(high, zero));
}

INLINE bytes mean(const pixels *p, const qn_u8_averaging *a, int c, int count) {
  ints sums[4];
  vec scaled[4];
  int taps = p->rows * p->columns;
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) sums[i] = i_set(-taps * a->x_zero);
  for (int ky = 0; ky < p->rows; ky++) {
    for (int kx = 0; kx < p->columns; kx += word_taps) {
      int length = p->columns - kx < word_taps ? p->columns - kx : word_taps;
      add_run(p->first + ky * p->down + kx * p->across + c, p, length, count, sums);
    }
  }
  vec factor = v_set(a->scale / (float)taps);
#pragma clang loop unroll(full)
  for (int i = 0; i < 4; i++) scaled[i] = v_mul(i_numbers(sums[i]), factor);
  return v_bytes(scaled, v_grid_of(a->zero, a->low, a->high));
}

INLINE void pool_largest(const pixels *p, int rows, int columns, uint8_t *y, int channel_begin, int channel_end) {
  int c = channel_begin;
  for (; c + b_width <= channel_end; c += b_width) b_store(y + c, largest(p, rows, columns, c, b_width));
  int rest = channel_end - c;
  if (rest > 0) b_store_first(y + c, largest(p, rows, columns, c, rest), rest);
}

static void pool_mean(const pixels *p, const qn_u8_averaging *averaging, uint8_t *y, int channel_begin,
                      int channel_end) {
  int c = channel_begin;
  for (; c + b_width <= channel_end; c += b_width) b_store(y + c, mean(p, averaging, c, b_width));
  int rest = channel_end - c;
  if (rest > 0) b_store_first(y + c, mean(p, averaging, c, rest), rest);
}

// The part of a window that lies in the image; `rows` are its taps along the height.
static pixels pixels_of(const qn_window *w, const uint8_t *x, int top, taps rows, int left) {
  taps columns = taps_inside(left, w->width, w->kernel_width, w->dilation_x);
  ptrdiff_t y = top + rows.begin * w->dilation_y, column = left + columns.begin * w->dilation_x;
  ptrdiff_t line = (ptrdiff_t)w->width * w->channels;
  pixels p = {.first = x + y * line + column * w->channels, .end = x + w->height * line};
  p.rows = rows.end - rows.begin;
  p.columns = columns.end - columns.begin;
  p.down = line * w->dilation_y;
  p.across = (ptrdiff_t)w->channels * w->dilation_x;
  return p;
}

void KERNEL(qn_u8_pool)(const qn_window *w, const qn_u8_averaging *averaging, const uint8_t *x, uint8_t *y,
                        int row_begin, int row_end, int channel_begin, int channel_end) {
  uint8_t *to = y + (ptrdiff_t)row_begin * w->out_width * w->channels;
  for (int oy = row_begin; oy < row_end; oy++) {
    int top = oy * w->stride_y - w->pad_top;
    taps rows = taps_inside(top, w->height, w->kernel_height, w->dilation_y);
    for (int ox = 0; ox < w->out_width; ox++, to += w->channels) {
      pixels p = pixels_of(w, x, top, rows, ox * w->stride_x - w->pad_left);
      if (averaging) {
        pool_mean(&p, averaging, to, channel_begin, channel_end);
      } else if (p.rows == 3 && p.columns == 3) {
        pool_largest(&p, 3, 3, to, channel_begin, channel_end);
      } else if (p.rows == 2 && p.columns == 2) {
        pool_largest(&p, 2, 2, to, channel_begin, channel_end);
      } else {
        pool_largest(&p, p.rows, p.columns, to, channel_begin, channel_end);
      }
    }
  }
}
