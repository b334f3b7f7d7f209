// Template: what the other templates share.

#define QN_INLINE __attribute__((always_inline)) static inline
// For what is large and called once per plane: one copy of the code is enough.
#define QN_OUTLINE __attribute__((noinline)) static

// `tail` is a constant at every call, so that whole vectors are moved without masks.
QN_INLINE vec load(const float *p, int tail, vec_mask mask) { return tail ? v_load_masked(p, mask) : v_load(p); }

QN_INLINE void store(float *p, vec x, int tail, vec_mask mask) {
  if (tail) {
    v_store_masked(p, x, mask);
  } else {
    v_store(p, x);
  }
}

// d activation(z) / dz
QN_INLINE vec v_derivative(vec z, qn_activation activation) {
  switch (activation) {
    case qn_identity: return v_set(1);
    case qn_relu: return v_between(z, 0, INFINITY, v_set(1));
    case qn_relu6: return v_between(z, 0, 6, v_set(1));
    case qn_hswish: {
      vec inner = v_between(z, -3, 3, v_fma(z, v_set(1.0f / 3), v_set(0.5f)));
      return v_add(inner, v_between(z, 0x1.7ffffep1f, INFINITY, v_set(1)));
    }
    case qn_hsigmoid: return v_between(z, -3, 3, v_set(1.0f / 6));
    case qn_swish: {
      vec s = v_sigmoid(z);
      return v_mul(s, v_fma(z, v_sub(v_set(1), s), v_set(1)));
    }
    case qn_sigmoid: {
      vec s = v_sigmoid(z);
      return v_mul(s, v_sub(v_set(1), s));
    }
    // The others are not trained.
    default: return v_set(1);
  }
}

// Calls `body` with the activation as a constant, so that no choice is left inside loops.
#define QN_FOR_ACTIVATION(activation, body) \
  switch (activation) {                     \
    case qn_identity: body(qn_identity); break; \
    case qn_relu: body(qn_relu); break;     \
    case qn_relu6: body(qn_relu6); break;   \
    case qn_hswish: body(qn_hswish); break; \
    case qn_hsigmoid: body(qn_hsigmoid); break; \
    case qn_swish: body(qn_swish); break;   \
    case qn_sigmoid: body(qn_sigmoid); break; \
    default: break;                         \
  }

// A view's numbers for one vector of channels.
typedef struct {
  vec scale, shift;
  int scaled;
} view_lanes;

QN_INLINE view_lanes lanes_of(const qn_view *view, size_t c, int tail, vec_mask mask) {
  view_lanes lanes = {v_set(1), v_zero(), view->scale != 0};
  if (view->scale) {
    lanes.scale = load(view->scale + c, tail, mask);
    lanes.shift = load(view->shift + c, tail, mask);
  }
  return lanes;
}

// A view without scale multiplies by one and adds zero: cheaper than a branch.
QN_INLINE vec argument_of(view_lanes lanes, vec x) { return v_fma(x, lanes.scale, lanes.shift); }

// Adds a vector of sums to totals in double precision.
QN_INLINE void add_to_totals(double *totals, vec sums, int count) {
  float parts[v_width];
  v_store(parts, sums);
  for (int i = 0; i < count; i++) totals[i] += (double)parts[i];
}
