import CKernels

/// The kernels over rows: softmax and layer norm.
public enum RowKernel {
  /// The best kernels of the family that need at most the given level.
  ///
  /// The functions are C: see `qn_f32_softmax_function` and `qn_f32_layernorm_function` for their arguments.
  public static func kernel(_ isa: ISA) -> qn_f32_rows_kernel {
    var kernels: UnsafePointer<qn_f32_rows_kernel>?
    let count = Int(qn_f32_rows_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa)
  }
}

/// The elementwise functions of two operands.
public enum BinaryKernel {
  /// The best kernel of the family that needs at most the given level.
  ///
  /// The function is C: see `qn_f32_binary_function` for its arguments.
  public static func function(_ isa: ISA) -> qn_f32_binary_function {
    var kernels: UnsafePointer<qn_f32_binary_kernel>?
    let count = Int(qn_f32_binary_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa).function
  }
}
