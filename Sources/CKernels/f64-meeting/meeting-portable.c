#include "CKernels.h"
#include "kernels.h"

static inline int is_outside(const double *remaining, const double *weight, const double *least, const double *most,
                             size_t lanes) {
  int outside = 0;
  for (size_t l = 0; l < lanes; l++) {
    double now = remaining[l] - weight[l];
    outside |= (now < least[l]) | (now > most[l]);
  }
  return outside;
}

static inline unsigned matches(const float *price, const float *load, size_t stride, size_t rows, float most_price,
                               const float *most_load) {
  unsigned bits = 0;
  for (size_t k = 0; k < 16; k++) {
    int is_match = price[k] <= most_price;
    for (size_t r = 0; r < rows; r++) is_match &= load[r * stride + k] <= most_load[r];
    bits |= (unsigned)is_match << k;
  }
  return bits;
}

#define MEETING qn_f64_meeting__portable
#include "meeting.h"
