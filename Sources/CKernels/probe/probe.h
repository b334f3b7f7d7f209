// Template: included once per instruction set with MULTIPLY_ADD and READ defined. Enough independent sums to hide the
// latency of the additions, and few enough to stay in registers.

enum { chains = 12, streams = 8 };

double MULTIPLY_ADD(long rounds, float *sink) {
  vec sums[chains];
  for (int i = 0; i < chains; i++) sums[i] = v_set((float)i);
  vec factor = v_set(0.5f), addend = v_set(0.25f);
  // A step of the loop that the compiler can neither fold nor move.
  for (long round = 0; round < rounds; round++) {
#pragma clang loop unroll(full)
    for (int i = 0; i < chains; i++) {
      sums[i] = v_fma(sums[i], factor, addend);
      __asm__ volatile("" : "+v"(sums[i]));
    }
  }
  float lanes[v_width];
  for (int i = 0; i < chains; i++) {
    v_store(lanes, sums[i]);
    *sink += lanes[0];
  }
  return 2.0 * v_width * chains * (double)rounds;
}

float READ(const float *x, size_t count) {
  vec sums[streams];
  for (int j = 0; j < streams; j++) sums[j] = v_set(0);
  for (size_t i = 0; i < count; i += streams * v_width) {
#pragma clang loop unroll(full)
    for (int j = 0; j < streams; j++) sums[j] = v_add(sums[j], v_load(x + i + j * v_width));
  }
  for (int j = 1; j < streams; j++) sums[0] = v_add(sums[0], sums[j]);
  float lanes[v_width];
  v_store(lanes, sums[0]);
  float sum = 0;
  for (int j = 0; j < v_width; j++) sum += lanes[j];
  return sum;
}
