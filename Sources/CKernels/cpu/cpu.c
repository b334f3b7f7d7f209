#include "CKernels.h"

#include <cpuid.h>
#include <errno.h>
#include <immintrin.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

typedef struct {
  unsigned a, b, c, d;
} registers;

static registers cpuid(unsigned leaf, unsigned subleaf) {
  registers r = {0, 0, 0, 0};
  if (__get_cpuid_max(leaf & 0x80000000u, NULL) >= leaf) __cpuid_count(leaf, subleaf, r.a, r.b, r.c, r.d);
  return r;
}

static int bit(unsigned word, int position) { return (int)(word >> position & 1); }

// The registers that the operating system saves at a context switch (XCR0).
static unsigned saved_registers(void) {
  unsigned low, high;
  __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  return low;
}

// Linux saves tile data only for processes that ask for it; a thread that has not would be killed at its first tile.
static int may_use_tiles(void) {
  enum { request_permission = 0x1023, tile_data = 18 };
  return syscall(SYS_arch_prctl, request_permission, tile_data) == 0;
}

static void read_name(char name[64]) {
  registers r[3];
  for (unsigned i = 0; i < 3; i++) r[i] = cpuid(0x80000002u + i, 0);
  memcpy(name, r, sizeof r);
  name[sizeof r] = 0;
  size_t end = strlen(name);
  while (end > 0 && name[end - 1] == ' ') name[--end] = 0;
  size_t start = strspn(name, " ");
  memmove(name, name + start, end - start + 1);
}

static long cache_size(int key) {
  long size = sysconf(key);
  return size > 0 ? size : 0;
}

static void read_features(qn_cpu *cpu) {
  registers one = cpuid(1, 0), seven = cpuid(7, 0), more = cpuid(7, 1);
  if (!bit(one.c, 27)) return;  // no OSXSAVE: xgetbv would fault
  unsigned saved = saved_registers();
  int ymm = (saved & 0x6) == 0x6, zmm = (saved & 0xe6) == 0xe6, tiles = (saved & 0x60000) == 0x60000;
  cpu->avx2 = ymm && bit(seven.b, 5);
  cpu->fma = ymm && bit(one.c, 12);
  cpu->avx512 = zmm && bit(seven.b, 16) && bit(seven.b, 17) && bit(seven.b, 28) && bit(seven.b, 30) && bit(seven.b, 31);
  cpu->avx512_vnni = cpu->avx512 && bit(seven.c, 11);
  cpu->avx512_vbmi = cpu->avx512 && bit(seven.c, 1);
  cpu->avx_vnni = ymm && bit(more.a, 4);
  cpu->avx512_bf16 = cpu->avx512 && bit(more.a, 5);
  int granted = tiles && may_use_tiles();
  cpu->amx_bf16 = granted && bit(seven.d, 22);
  cpu->amx_int8 = granted && bit(seven.d, 25);
}

qn_cpu qn_cpu_probe(void) {
  qn_cpu cpu;
  memset(&cpu, 0, sizeof cpu);
  read_name(cpu.name);
  read_features(&cpu);
  cpu.l1d = cache_size(_SC_LEVEL1_DCACHE_SIZE);
  cpu.l2 = cache_size(_SC_LEVEL2_CACHE_SIZE);
  cpu.l3 = cache_size(_SC_LEVEL3_CACHE_SIZE);
  return cpu;
}

int qn_cpu_count(void) {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  return CPU_COUNT(&allowed);
}

int qn_cpu_pin(int index) {
  // The main thread's set stands for the process: a pinned thread would only see its own processor.
  cpu_set_t allowed, one;
  if (sched_getaffinity(getpid(), sizeof allowed, &allowed) != 0) return errno;
  int left = index % CPU_COUNT(&allowed);
  for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
    if (!CPU_ISSET(cpu, &allowed) || left-- > 0) continue;
    CPU_ZERO(&one);
    CPU_SET(cpu, &one);
    return pthread_setaffinity_np(pthread_self(), sizeof one, &one);
  }
  return EINVAL;
}

unsigned qn_cpu_flush_subnormals(void) {
  enum { denormals_are_zero = 1 << 6, flush_to_zero = 1 << 15 };
  unsigned before = _mm_getcsr();
  _mm_setcsr(before | denormals_are_zero | flush_to_zero);
  return before;
}

void qn_cpu_restore_control(unsigned word) { _mm_setcsr(word); }
