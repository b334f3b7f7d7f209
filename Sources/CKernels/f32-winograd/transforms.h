// Template: the transforms of one dimension over the vector vocabulary, in parts that leave registers for several lines
// at a time. `part` is a constant at every call, and what a part does not read is never loaded.

#define INLINE __attribute__((always_inline)) static inline

// Bᵀ d comes in pairs of rows: part 0 is that of the points 0 and infinity, the others those of points p and -p, which
// share their even and their odd terms.
INLINE void input_pair_2(const vec *d, int part, vec *to) {
  if (part == 0) {
    to[0] = v_sub(d[2], d[0]);
    to[1] = v_sub(d[3], d[1]);
  } else {
    to[0] = v_add(d[2], d[1]);
    to[1] = v_sub(d[2], d[1]);
  }
}

INLINE void input_pair_4(const vec *d, int part, vec *to) {
  const float far = (float)(FAR * FAR), near = (float)(NEAR * NEAR);
  if (part == 0) {
    to[0] = v_fma(v_set(far * near), d[0], v_fma(v_set(-far - near), d[2], d[4]));
    to[1] = v_fma(v_set(far * near), d[1], v_fma(v_set(-far - near), d[3], d[5]));
  } else {
    float p = (float)(part == 1 ? FAR : NEAR), other = part == 1 ? near : far;
    vec even = v_fma(v_set(-other), d[2], d[4]), odd = v_fma(v_set(-other), d[1], d[3]);
    to[0] = v_fma(v_set(p), odd, even);
    to[1] = v_fma(v_set(-p), odd, even);
  }
}

// Aᵀ d comes in rows of even powers of the points, part 0, and of odd ones, part 1.
INLINE void output_half_2(const vec *d, int part, vec *to) {
  to[0] = part == 0 ? v_add(d[0], v_add(d[1], d[2])) : v_add(v_sub(d[1], d[2]), d[3]);
}

INLINE void output_half_4(const vec *d, int part, vec *to) {
  const float f = (float)FAR, n = (float)NEAR;
  if (part == 0) {
    vec far = v_add(d[1], d[2]), near = v_add(d[3], d[4]);
    to[0] = v_add(d[0], v_add(far, near));
    to[1] = v_fma(v_set(f * f), far, v_mul(v_set(n * n), near));
  } else {
    vec far = v_sub(d[1], d[2]), near = v_sub(d[3], d[4]);
    to[0] = v_fma(v_set(f), far, v_mul(v_set(n), near));
    to[1] = v_fma(v_set(f * f * f), far, v_fma(v_set(n * n * n), near, d[5]));
  }
}
