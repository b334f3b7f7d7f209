#pragma once
#include "quoin-f64-meeting.h"

// The family, one row per instruction set in rising order. Declarations, the table and the tests follow.
#define QN_F64_MEETING_KERNELS(ROW) \
  ROW(portable)                     \
  ROW(avx2)                         \
  ROW(avx512)

#define DECLARE(isa)                                                                                   \
  int qn_f64_meeting__##isa(const qn_f64_meeting *meeting, qn_f64_meeting_progress *progress, \
                            const qn_f64_meeting_memory *memory);
QN_F64_MEETING_KERNELS(DECLARE)
#undef DECLARE
