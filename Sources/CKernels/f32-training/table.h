// Template: the table of this translation unit's kernels; KERNELS names it, ISA tells the instruction set.

#define QN_TEXT_OF(name) #name
#define QN_TEXT(name) QN_TEXT_OF(name)

const qn_f32_training_kernels KERNELS = {
    .name = QN_TEXT(KERNELS),
    .isa = ISA,
    .matmul = matmul,
    .load = load_view,
    .moments = moments,
    .column_means = column_means,
    .load_gradient = load_gradient,
    .give = give,
    .gate_gradient = gate_gradient,
    .give_gated = give_gated,
    .depthwise = depthwise,
    .depthwise_backward = depthwise_backward,
    .add = add,
    .multiply = multiply,
    .column_sums = column_sums,
    .add_bias = add_bias,
    .square_sum = square_sum,
    .sgd = sgd,
    .average = average,
};
