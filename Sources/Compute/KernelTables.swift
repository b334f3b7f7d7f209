import CKernels

/// The depthwise convolution kernels.
public enum DepthwiseKernel {
  /// The best kernel of the family that needs at most the given level.
  ///
  /// The function is C: see `qn_f32_dwconv_function` for its arguments.
  public static func function(_ isa: ISA) -> qn_f32_dwconv_function {
    var kernels: UnsafePointer<qn_f32_dwconv_kernel>?
    let count = Int(qn_f32_dwconv_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa).function
  }
}

/// The kernels for what follows a product: scale, bias, residual, activation.
public enum EpilogueKernel {
  /// The best kernel of the family that needs at most the given level.
  ///
  /// The function is C: see `qn_f32_epilogue_function` for its arguments.
  public static func function(_ isa: ISA) -> qn_f32_epilogue_function {
    var kernels: UnsafePointer<qn_f32_epilogue_kernel>?
    let count = Int(qn_f32_epilogue_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa).function
  }
}

/// The last row of a table in rising order that needs at most the given level; the first is portable.
private func best<Kernel>(
  _ kernels: UnsafeBufferPointer<Kernel>, _ isa: ISA, level: KeyPath<Kernel, qn_isa>
) -> Kernel {
  kernels.last { $0[keyPath: level].rawValue <= isa.code.rawValue } ?? kernels[0]
}
