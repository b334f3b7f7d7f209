// One call over GLPK: a problem as plain arrays in, an answer as plain numbers out.
//
// GLPK reports a broken precondition through a hook that must not return. The jump out of that hook stays inside
// this shim, so that no Swift frame is ever jumped over; the callbacks below have returned before GLPK goes on.
// GLPK's environment belongs to a thread; a call creates, uses and deletes everything on the caller's thread.
#pragma once
#include <stdbool.h>
#include <stdint.h>

/// A mixed-integer linear program. Infinite bounds are infinities; indices count from 0.
typedef struct {
  int32_t columns;
  int32_t rows;
  int32_t entries;
  bool maximize;
  const double *objective;
  const double *column_lower;
  const double *column_upper;
  const bool *integer;
  const double *row_lower;
  const double *row_upper;
  const int32_t *entry_row;
  const int32_t *entry_column;
  const double *entry_value;
} quoin_glpk_problem;

/// A row that every solution has to fulfil: sum of values[i] * x[columns[i]] within lower ... upper.
typedef struct {
  int32_t count;
  int32_t *columns;  // room for as many as the problem has columns
  double *values;
  double lower;
  double upper;
} quoin_glpk_row;

typedef struct {
  /// Seconds; infinity where there is no limit.
  double time_limit;
  /// The search ends when |incumbent - bound| <= gap * |incumbent + offset|; 0 asks for a proof.
  double gap;
  /// What is to be added to GLPK's objective where a gap is computed.
  double offset;
  /// A solution to start with (as many numbers as columns), or NULL.
  const double *start;
  void *context;
  /// Returns whether the search shall stop; may be NULL.
  bool (*interrupted)(void *context);
  /// Is given every point before it is accepted, its integer columns rounded. Returns true where it rejects the
  /// point and has written a row that the point breaks and that every true solution fulfils; may be NULL.
  bool (*separate)(void *context, const double *point, quoin_glpk_row *row);
  /// Is given what GLPK says while it works, a line without its end at a time, on the calling thread; the text lives
  /// as long as the call. GLPK is silent where this is NULL.
  void (*log)(void *context, const char *line);
} quoin_glpk_options;

/// Why the solver stopped.
typedef enum {
  QUOIN_GLPK_PROVED = 0,
  QUOIN_GLPK_GAP = 1,
  QUOIN_GLPK_TIME_LIMIT = 2,
  QUOIN_GLPK_INTERRUPTED = 3,
  QUOIN_GLPK_FAILED = 4,
} quoin_glpk_stop;

/// What stands at the end.
typedef enum {
  QUOIN_GLPK_NO_POINT = 0,
  QUOIN_GLPK_POINT = 1,
  QUOIN_GLPK_INFEASIBLE = 2,
  /// The continuous relaxation is unbounded; with integer columns nothing is known about the program itself.
  QUOIN_GLPK_UNBOUNDED = 3,
} quoin_glpk_outcome;

typedef struct {
  quoin_glpk_stop stop;
  quoin_glpk_outcome outcome;
  /// A bound on the objective of every solution, without the offset; an infinity where none is known.
  double bound;
  /// How many subproblems were solved.
  int64_t nodes;
  /// How many rows `separate` gave.
  int64_t separated;
  /// What GLPK said last, where it failed.
  char message[256];
} quoin_glpk_result;

/// Solves on the calling thread. Where a point stands, its numbers are written to `point`.
void quoin_glpk_solve(
    const quoin_glpk_problem *problem, const quoin_glpk_options *options, quoin_glpk_result *result, double *point);

/// The library's version, such as "5.0".
const char *quoin_glpk_version(void);
