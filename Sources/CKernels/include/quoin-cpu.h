#pragma once

/// What the processor and the operating system offer.
typedef struct {
  char name[64];
  int avx2, fma, avx512, avx512_vnni, avx512_vbmi, avx_vnni, avx512_bf16, amx_int8, amx_bf16;
  /// Bytes of one core's level-1 data and level-2 caches and of the shared level-3 cache; 0 where unknown.
  long l1d, l2, l3;
} qn_cpu;

/// Asks the processor (cpuid) and checks that the operating system keeps the wide registers.
qn_cpu qn_cpu_probe(void);

/// The number of processors that this process may run on.
int qn_cpu_count(void);

/// Binds the calling thread to the `index`-th processor that this process may run on (modulo their number).
/// Returns 0, or an errno value.
int qn_cpu_pin(int index);

/// Tells the processor that this is a spinning loop.
static inline void qn_cpu_relax(void) { __builtin_ia32_pause(); }

/// Makes SSE, AVX and AVX-512 arithmetic of the calling thread take and give zeros instead of subnormal numbers, each of
/// which costs more than a hundred cycles. Returns the control word before (MXCSR), for `qn_cpu_restore_control`.
unsigned qn_cpu_flush_subnormals(void);

/// Sets the control word of the calling thread's vector arithmetic.
void qn_cpu_restore_control(unsigned word);
