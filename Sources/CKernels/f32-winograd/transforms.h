// Template: the transforms of one dimension over the vector vocabulary. Pairs of points p, -p share their even and their
// odd part, so that six numbers take twelve multiply-adds.

#define INLINE __attribute__((always_inline)) static inline

// Bᵀ d. The rows belong to the points 0, 1, -1, infinity.
INLINE void input_line_2(const vec *d, vec *to) {
  to[0] = v_sub(d[2], d[0]);
  to[1] = v_add(d[2], d[1]);
  to[2] = v_sub(d[2], d[1]);
  to[3] = v_sub(d[3], d[1]);
}

// Aᵀ d.
INLINE void output_line_2(const vec *d, vec *to) {
  to[0] = v_add(d[0], v_add(d[1], d[2]));
  to[1] = v_add(v_sub(d[1], d[2]), d[3]);
}

// The rows of a pair of points p, -p, where `other` is the other pair's p squared.
INLINE void input_pair(const vec *d, float p, float other, vec *to) {
  vec even = v_fma(v_set(-other), d[2], d[4]), odd = v_fma(v_set(-other), d[1], d[3]);
  to[0] = v_fma(v_set(p), odd, even);
  to[1] = v_fma(v_set(-p), odd, even);
}

// The rows belong to the points 0, FAR, -FAR, NEAR, -NEAR, infinity.
INLINE void input_line_4(const vec *d, vec *to) {
  const float far = (float)(FAR * FAR), near = (float)(NEAR * NEAR);
  to[0] = v_fma(v_set(far * near), d[0], v_fma(v_set(-far - near), d[2], d[4]));
  input_pair(d, (float)FAR, near, to + 1);
  input_pair(d, (float)NEAR, far, to + 3);
  to[5] = v_fma(v_set(far * near), d[1], v_fma(v_set(-far - near), d[3], d[5]));
}

INLINE void output_line_4(const vec *d, vec *to) {
  const float f = (float)FAR, n = (float)NEAR;
  vec far = v_add(d[1], d[2]), near = v_add(d[3], d[4]);
  to[0] = v_add(d[0], v_add(far, near));
  to[2] = v_fma(v_set(f * f), far, v_mul(v_set(n * n), near));
  far = v_sub(d[1], d[2]);
  near = v_sub(d[3], d[4]);
  to[1] = v_fma(v_set(f), far, v_mul(v_set(n), near));
  to[3] = v_fma(v_set(f * f * f), far, v_fma(v_set(n * n * n), near, d[5]));
}
