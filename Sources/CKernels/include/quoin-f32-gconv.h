#pragma once
#include "quoin-types.h"
#include <stddef.h>

/// Convolution of one NHWC image in groups of few channels: rows `row_begin ..< row_end` of the output and channels
/// `channel_begin ..< channel_end`, which begin at multiples of 16.
///
/// Groups are multiplied together until their outputs fill a vector of `lanes`: the channels `lanes * v ..< lanes * (v
/// + 1)` read the inputs of all groups that they belong to, and the weights of the inputs that are not theirs are
/// zeros. `packed` holds, vector after vector, the bias (`lanes` numbers) and then `lanes` numbers for each (ky, kx,
/// input). `residual` is an image like `y` or NULL and is added before the activation. `scratch` has room for
/// `qn_f32_gconv_scratch` elements.
typedef void (*qn_f32_gconv_function)(const qn_window *window, int groups, int outputs, const float *x,
                                      const float *packed, const float *residual, qn_activation activation, float *y,
                                      int row_begin, int row_end, int channel_begin, int channel_end, float *scratch);

/// One kernel of the family.
typedef struct {
  const char *name;
  qn_isa isa;
  int lanes;
  qn_f32_gconv_function function;
} qn_f32_gconv_kernel;

/// All kernels of the family, the portable one first; returns their number.
int qn_f32_gconv_kernels(const qn_f32_gconv_kernel **kernels);

/// The inputs `begin ..< end` that a vector of outputs reads.
typedef struct {
  int begin, end;
} qn_f32_gconv_inputs;

/// The inputs of the `vector`-th `lanes` outputs.
qn_f32_gconv_inputs qn_f32_gconv_inputs_of(int vector, int lanes, int channels, int groups, int outputs);

/// The elements of scratch memory that a call needs.
size_t qn_f32_gconv_scratch(const qn_window *window, int lanes, int groups, int outputs);
