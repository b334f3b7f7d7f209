#pragma once
#include "quoin-types.h"
#include <stddef.h>
#include <stdint.h>

// Selections of two halves of groups that fill the rows together (meeting in the middle). Those of one half, the kept
// ones, are looked up in a grid by what they weigh; those of the other are gone through.

/// How the cells of the grid part a row.
typedef struct {
  size_t row;
  /// Cell of a number: (number − low) · scale, of `cells`.
  double low, scale;
  ptrdiff_t cells;
  /// So many cells does a unit of the room leave unused at most, and whatever keeps the rows.
  double reach, most;
} qn_f64_meeting_axis;

/// What is gone through, and what is looked up.
typedef struct {
  /// Rows that must be kept, at most `lanes`, a multiple of 8. What follows the rows are sums of them that only tell what is
  /// within reach.
  size_t rows, lanes;
  /// The departures that the other half may take, by what they cost: `count` + 1 costs, the last one infinite; weights
  /// [count][lanes]; the group of each, which a selection takes one of at most.
  size_t count;
  const double *cost, *weight;
  const int32_t *group;
  /// What all departures together may weigh [lanes].
  const double *limit;
  /// Within reach is what leaves between `least` and `most` [count + 1][parts + 1][lanes], by the first departure that may
  /// follow and the room that is left, of which a unit has `scale` parts.
  const double *least, *most;
  size_t parts;
  double scale;
  /// What a unit of a row that is left unused costs [rows].
  const double *dual;
  /// The grid: the kept selections of cell `c` are `start[c] ..< start[c + 1]`, cells counted with the last axis first.
  qn_f64_meeting_axis axes[3];
  const int32_t *start;
  /// What the kept selections cost and weigh [rows][stride].
  const double *kept_cost, *kept_weight;
  /// Bounds from below, in FP32: cost less what they weigh at the duals, in units of `unit`, and their weights [rows][stride].
  /// Behind the last selection there are 16 that fit nowhere.
  const float *kept_price, *kept_load;
  size_t stride;
  double unit;
  /// Other selections that cost less are looked up by nobody.
  double from;
} qn_f64_meeting;

/// How far going through has come, and whom it tells.
typedef struct {
  /// Selections of less cost count.
  double room;
  /// Departures and blocks of 16 kept selections looked at, and when `look` is asked next.
  uint64_t work, next_look;
  /// Answers with when to be asked next, or with 0 where to stop.
  uint64_t (*look)(void *context, uint64_t work);
  /// Told of the departures and the kept selection that together count; answers with the room from there on.
  double (*found)(void *context, const int32_t *departures, size_t depth, size_t kept);
  void *context;
} qn_f64_meeting_progress;

/// Memory for going through: `depths` sums, beginnings and ends of children, and departures, (`depths` + 1) × lanes numbers
/// that remain, a bound per row, `capacity` children, and a byte per group, all 0.
typedef struct {
  size_t depths, capacity;
  double *sum, *remaining;
  float *load;
  size_t *next, *end;
  int32_t *path, *child;
  uint8_t *taken;
} qn_f64_meeting_memory;

/// Goes through everything; returns 1, or 0 where it was stopped or the memory does not do.
typedef int (*qn_f64_meeting_function)(const qn_f64_meeting *meeting, qn_f64_meeting_progress *progress,
                                       const qn_f64_meeting_memory *memory);

/// The kernel of one instruction set.
typedef struct {
  const char *name;
  qn_isa isa;
  qn_f64_meeting_function function;
} qn_f64_meeting_kernel;

/// The kernels of the family that this processor runs, the portable one first and the best one last; returns their number.
int qn_f64_meeting_kernels(const qn_f64_meeting_kernel **kernels);

/// A number in FP32 that is at most `x`, for all that sums of parts as large as `size` may be wrong by.
float qn_f64_below(double x, double size);

/// A number in FP32 that is at least `x`, likewise.
float qn_f64_above(double x, double size);
