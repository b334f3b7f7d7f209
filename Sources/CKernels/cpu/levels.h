#pragma once

// What the processor and the operating system let the byte kernels use. The answers are the compiler's runtime's, which
// asks once per process.

static inline int qn_runs_avx2(void) { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }

static inline int qn_runs_avx512(void) {
  return qn_runs_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512cd");
}

// Dot products of four bytes (VNNI).
static inline int qn_runs_avx512vnni(void) { return qn_runs_avx512() && __builtin_cpu_supports("avx512vnni"); }

// Permutations of bytes (VBMI).
static inline int qn_runs_avx512vbmi(void) { return qn_runs_avx512() && __builtin_cpu_supports("avx512vbmi"); }
