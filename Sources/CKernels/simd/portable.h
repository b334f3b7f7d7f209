#pragma once
#include "quoin-types.h"
#include <math.h>

// The scalar definition of every activation.
static inline float qn_activate(float x, qn_activation activation) {
  switch (activation) {
    case qn_identity: return x;
    case qn_relu: return x < 0 ? 0 : x;
    case qn_relu6: return x < 0 ? 0 : x > 6 ? 6 : x;
    case qn_hswish: return x * qn_activate(x, qn_hsigmoid);
    case qn_hsigmoid: return x < -3 ? 0 : x > 3 ? 1 : x / 6 + 0.5f;
    case qn_swish: return x / (1 + expf(-x));
    case qn_sigmoid: return 1 / (1 + expf(-x));
    case qn_gelu: return 0.5f * x * (1 + erff(x * 0.70710678f));
    case qn_gelu_tanh: return x / (1 + expf(-1.59576912f * (x + 0.044715f * x * x * x)));
    case qn_tanh: return tanhf(x);
  }
  return x;
}
