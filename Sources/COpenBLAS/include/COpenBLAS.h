#pragma once

// OpenBLAS, loaded late: it chooses its kernels while it is being loaded, so the choice has to stand in the
// environment before, and a program that never multiplies matrices never needs the library.

/// Loads the library with kernels for `core_type` (NULL: its own choice) and one thread per call.
///
/// A value of OPENBLAS_CORETYPE that the user set wins. The environment is as before afterwards, so that children
/// inherit nothing. Not safe to call from two threads at once.
/// Returns NULL, or a sentence of the loader about what failed, valid until the next call.
const char *quoin_openblas_load(const char *core_type);

/// The kernels in use, such as "SkylakeX". Only after a successful load.
const char *quoin_openblas_core(void);

/// Version and build options. Only after a successful load.
const char *quoin_openblas_config(void);

/// C = alpha · op(A) · op(B) + beta · C in row-major order. Only after a successful load.
void quoin_openblas_sgemm(int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
                          const float *b, int ldb, float beta, float *c, int ldc);

/// Factors a symmetric matrix A of n × n in row-major order into L · Lᵀ. Reads the lower triangle and writes L there; the
/// rest is left as it is. Only after a successful load.
/// Returns 0, or the number of the first row from which on A is not positive definite.
int quoin_openblas_dpotrf(int n, double *a);

/// B = A⁻¹ · B for `count` right sides of n numbers each, one after the other, with the factor of quoin_openblas_dpotrf.
/// Only after a successful load.
void quoin_openblas_dpotrs(int n, const double *factor, int count, double *b);
