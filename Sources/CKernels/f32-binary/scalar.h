#pragma once
#include "quoin-f32-binary.h"

// The scalar definition of every operation.
static inline float qn_combine(qn_binary operation, float a, float b) {
  switch (operation) {
    case qn_add: return a + b;
    case qn_subtract: return a - b;
    case qn_multiply: return a * b;
    case qn_divide: return a / b;
    case qn_maximum: return a > b || a != a ? a : b;
    case qn_minimum: return a < b || a != a ? a : b;
  }
  return a;
}
