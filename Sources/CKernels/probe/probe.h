// Template: included once per instruction set with KERNEL defined. Enough independent sums to hide the latency of the
// additions, and few enough to stay in registers.

enum { chains = 12 };

double KERNEL(long rounds, float *sink) {
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
