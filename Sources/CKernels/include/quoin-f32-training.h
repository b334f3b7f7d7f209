#pragma once
#include "quoin-types.h"
#include <stddef.h>
#include <stdint.h>

// Kernels for forward and backward passes over batches of NHWC images.
//
// Training is limited by memory traffic, so batch norm and activation are never stored: a consumer reads the raw result
// of a convolution through a *view* (scale, shift, activation, each time anew), and gives its gradient to a *sink*, which
// turns it at once into the gradient of the activation's argument and adds up what batch norm's backward pass needs.
// All kernels trust their arguments and work on the calling thread. "Rows" are pixels; strides are in elements.

/// activation(x · scale + shift) per channel; `scale` and `shift` are `[channels]`, both or neither NULL.
typedef struct {
  const float *scale, *shift;
  qn_activation activation;
} qn_view;

/// Sums over rows and what they are taken about: Σ(x − centre) and Σ(x − centre)², or Σ g and Σ g · (x − centre).
typedef struct {
  /// `[channels]`; a kernel that is told so by `fresh` takes the first row that it produces as the centre.
  float *centre;
  /// `[channels]` each.
  double *first, *second;
  int fresh;
} qn_moments;

/// Where a gradient with respect to a view goes. The rows of `x` and `gradient` are those of the call.
typedef struct {
  /// What the view is of; NULL where the value is not a view, then the gradient is stored as it is.
  const float *x;
  qn_view view;
  /// Whether `gradient` already holds a part from other consumers.
  int accumulate;
  /// `first` NULL where no sums are wanted; else Σ g and Σ g · (x − centre) are added.
  qn_moments moments;
  float *gradient;
} qn_gradient_sink;

/// gradient · slope + x · tilt + offset: batch norm's backward pass, evaluated while its result is read. `slope` is NULL
/// where there is no batch norm, then the value is `gradient` itself.
typedef struct {
  const float *gradient, *x;
  const float *slope, *tilt, *offset;
  /// Where `factor` is not NULL, (gradient · factor + constant) · activation′(argument of `view`) takes the gradient's
  /// place; both are `[channels]`. That is what a gated activation gets from its gate and from the pool before the gate.
  const float *factor, *constant;
  qn_view view;
} qn_gradient_view;

/// Where the gradient with respect to a gated activation goes, as long as the share of the gate is not known.
typedef struct {
  /// What the activation is a view of.
  const float *x;
  qn_view view;
  const float *centre;
  /// Five rows of `stride` elements, with a(x) the activation: Σ g · a, Σ g · a′, Σ g · a′ · (x − centre), Σ a′,
  /// Σ a′ · (x − centre).
  float *sums;
  size_t stride;
  /// Takes g as it is.
  float *gradient;
} qn_gated_sink;

/// One step of gradient descent over a run of parameters.
typedef struct {
  float rate, momentum, decay, gradient_scale;
  int nesterov;
} qn_sgd;

/// The kernels for one instruction set.
typedef struct {
  const char *name;
  qn_isa isa;

  /// C = A·B or C += A·B for row-major B (k×n) and C (m×n) and any strides of A (m×k).
  void (*matmul)(size_t m, size_t n, size_t k, const float *a, size_t a_row, size_t a_column, const float *b,
                 size_t b_row, float *c, size_t c_row, int accumulate);

  /// y = view(x) · gate; `gate` is `[channels]` or NULL.
  void (*load)(size_t rows, size_t channels, const float *x, const qn_view *view, const float *gate, float *y);
  /// Adds the moments of x.
  void (*moments)(size_t rows, size_t channels, const float *x, const qn_moments *moments);
  /// y[c] = factor · Σ view(x) over rows.
  void (*column_means)(size_t rows, size_t channels, const float *x, const qn_view *view, float factor, float *y);

  /// Evaluates a gradient view.
  void (*load_gradient)(size_t rows, size_t channels, const qn_gradient_view *view, float *y);
  /// Gives source · multiplier + constant to a sink; `source` is rows×channels, the others `[channels]`, each may be NULL.
  void (*give)(size_t rows, size_t channels, const float *source, const float *multiplier, const float *constant,
               const qn_gradient_sink *sink);
  /// gradient[c] += Σ dy · view(x): the gradient of a gate.
  void (*gate_gradient)(size_t rows, size_t channels, const float *x, const qn_view *view, const float *dy,
                        float *gradient);

  /// Gives the gradient of a product with a gate to the activation that is gated.
  void (*give_gated)(size_t rows, size_t channels, const float *source, const qn_gated_sink *sink);

  /// Depthwise convolution of one image seen through a view. `weights` is tap-major `[taps][channels]`; `bias` may be NULL;
  /// `scratch` has `qn_f32_depthwise_scratch` elements; `moments->first` may be NULL.
  void (*depthwise)(const qn_window *window, const float *x, const qn_view *view, const float *weights,
                    const float *bias, float *y, const qn_moments *moments, float *scratch);
  /// Its backward pass for one image: adds to `weight_gradient` (like `weights`), and gives to `sink` unless that is NULL.
  void (*depthwise_backward)(const qn_window *window, const qn_gradient_view *dy, const float *x, const qn_view *view,
                             const float *weights, float *weight_gradient, const qn_gradient_sink *sink,
                             float *scratch);

  /// y = a + b
  void (*add)(size_t count, const float *a, const float *b, float *y);
  /// y = a · b
  void (*multiply)(size_t count, const float *a, const float *b, float *y);
  /// Adds every row to `sum`: the gradient of a bias.
  void (*column_sums)(size_t rows, size_t channels, const float *x, float *sum);
  /// Adds `bias` to every row.
  void (*add_bias)(size_t rows, size_t channels, const float *bias, float *y);

  /// The sum of squares.
  double (*square_sum)(size_t count, const float *x);
  /// v = momentum · v + g, p −= rate · (g + momentum · v) or rate · v, where g = gradient · scale + decay · p.
  void (*sgd)(size_t count, const qn_sgd *step, const float *gradient, float *velocity, float *parameter);
  /// average += share · (parameter − average)
  void (*average)(size_t count, float share, const float *parameter, float *average);
} qn_f32_training_kernels;

/// The kernels of an instruction set that this file was built for; they run where the processor has it.
const qn_f32_training_kernels *qn_f32_training(qn_isa isa);

/// Elements of scratch memory that the depthwise kernels need for one image.
size_t qn_f32_depthwise_scratch(const qn_window *window);

/// Copies a rows×columns matrix with any strides on both sides.
void qn_f32_copy_strided(size_t rows, size_t columns, const float *x, size_t x_row, size_t x_column, float *y,
                         size_t y_row, size_t y_column);

/// Maximum or average pooling of one image; the average leaves padding out of its count.
void qn_f32_pool(const qn_window *window, int maximum, const float *x, float *y);
/// Its backward pass: adds to `dx`. A maximum's gradient goes to the first of equal values.
void qn_f32_pool_backward(const qn_window *window, int maximum, const float *x, const float *dy, float *dx);

/// Bilinear resizing of one image with half-pixel centres.
void qn_f32_resize(int channels, int height, int width, const float *x, int out_height, int out_width, float *y);
/// Its backward pass: adds to `dx`.
void qn_f32_resize_backward(int channels, int height, int width, float *dx, int out_height, int out_width,
                            const float *dy);

/// Unrolls output rows `row_begin ..< row_end` of an image into a matrix of windows, taps in order (y, x, channel).
void qn_f32_unroll(const qn_window *window, const float *x, int row_begin, int row_end, float *columns);
/// The transpose of `qn_f32_unroll`: adds to `x`.
void qn_f32_fold(const qn_window *window, const float *columns, int row_begin, int row_end, float *x);

/// How an image is changed before training sees it.
typedef struct {
  /// Pixel (y, x) of the result is pixel (y + shift_y, x + shift_x) of the image, which is mirrored first where asked.
  int shift_y, shift_x, mirrored;
  /// A square that is blanked out, where `cut_size` is above 0; it may reach over the border.
  int cut_top, cut_left, cut_size;
} qn_augmentation;

/// A planar image of bytes as floats in NHWC order, augmented; what lies outside the image or is cut out becomes `blank`,
/// `[channels]`.
void qn_f32_augment(const uint8_t *planes, int channels, int height, int width, const qn_augmentation *change,
                    const float *blank, float *y);
