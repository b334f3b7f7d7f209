#define _GNU_SOURCE
#include "COpenBLAS.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

// Values of the CBLAS interface, which is stable.
enum { row_major = 101, no_transpose = 111, transposed = 112 };

static void (*cblas_sgemm)(int, int, int, int, int, int, float, const float *, int, const float *, int, float, float *,
                           int);
static void (*dpotrf)(const char *, const int *, double *, const int *, int *);
static void (*dpotrs)(const char *, const int *, const int *, const double *, const int *, double *, const int *,
                      int *);
static char *(*get_corename)(void);
static char *(*get_config)(void);
static void (*set_num_threads)(int);

static const char *missing(const char *what) {
  const char *reason = dlerror();
  return reason ? reason : what;
}

static const char *open_library(void) {
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (!library) return missing("libopenblas.so.0 cannot be loaded");
  *(void **)&cblas_sgemm = dlsym(library, "cblas_sgemm");
  *(void **)&dpotrf = dlsym(library, "dpotrf_");
  *(void **)&dpotrs = dlsym(library, "dpotrs_");
  *(void **)&get_corename = dlsym(library, "openblas_get_corename");
  *(void **)&get_config = dlsym(library, "openblas_get_config");
  *(void **)&set_num_threads = dlsym(library, "openblas_set_num_threads");
  if (!cblas_sgemm || !dpotrf || !dpotrs || !get_corename || !get_config || !set_num_threads) {
    return missing("a function is absent");
  }
  set_num_threads(1);
  return NULL;
}

const char *quoin_openblas_load(const char *core_type) {
  if (cblas_sgemm) return NULL;
  int chooses = core_type && !getenv("OPENBLAS_CORETYPE");
  const char *threads = getenv("OPENBLAS_NUM_THREADS");
  char *threads_before = threads ? strdup(threads) : NULL;
  if (chooses) setenv("OPENBLAS_CORETYPE", core_type, 1);
  // One thread from the start: otherwise the library starts a pool of its own, which would spin beside ours.
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
  const char *problem = open_library();
  if (chooses) unsetenv("OPENBLAS_CORETYPE");
  if (threads_before) {
    setenv("OPENBLAS_NUM_THREADS", threads_before, 1);
    free(threads_before);
  } else {
    unsetenv("OPENBLAS_NUM_THREADS");
  }
  return problem;
}

const char *quoin_openblas_core(void) { return get_corename(); }

const char *quoin_openblas_config(void) { return get_config(); }

void quoin_openblas_sgemm(int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
                          const float *b, int ldb, float beta, float *c, int ldc) {
  cblas_sgemm(row_major, transpose_a ? transposed : no_transpose, transpose_b ? transposed : no_transpose, m, n, k,
              alpha, a, lda, b, ldb, beta, c, ldc);
}

// LAPACK counts columns first, for which the lower triangle of rows is an upper one.
static const char triangle = 'U';

int quoin_openblas_dpotrf(int n, double *a) {
  int outcome = 0;
  dpotrf(&triangle, &n, a, &n, &outcome);
  return outcome;
}

void quoin_openblas_dpotrs(int n, const double *factor, int count, double *b) {
  int outcome = 0;
  dpotrs(&triangle, &n, &count, factor, &n, b, &n, &outcome);
}
