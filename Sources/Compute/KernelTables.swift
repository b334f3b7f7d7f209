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

/// The matrix product kernels, with a packed right operand and what follows fused.
public enum ProductKernel {
  /// The best kernel of the family that needs at most the given level, with the width of its panels.
  ///
  /// The function is C: see `qn_f32_gemm_function` for its arguments.
  public static func kernel(_ isa: ISA) -> qn_f32_gemm_kernel {
    var kernels: UnsafePointer<qn_f32_gemm_kernel>?
    let count = Int(qn_f32_gemm_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa)
  }
}

/// The kernels of Winograd convolutions.
public enum WinogradKernel {
  /// The best kernels of the family for tiles of `tile` × `tile` output pixels, 2 or 4, that need at most the given level.
  ///
  /// The functions are C: see `qn_f32_winograd_input_function` and `qn_f32_winograd_output_function`.
  public static func kernel(_ isa: ISA, tile: Int) -> qn_f32_winograd_kernel {
    var kernels: UnsafePointer<qn_f32_winograd_kernel>?
    let count = Int(qn_f32_winograd_kernels(&kernels))
    let rows = UnsafeBufferPointer(start: kernels, count: count).filter { Int($0.tile) == tile }
    precondition(!rows.isEmpty, "there are kernels for tiles of 2 and 4 pixels")
    return rows.withUnsafeBufferPointer { best($0, isa, level: \.isa) }
  }
}

/// The pooling kernels.
public enum PoolKernel {
  /// The best kernel of the family that needs at most the given level.
  ///
  /// The function is C: see `qn_f32_pool_function` for its arguments.
  public static func function(_ isa: ISA) -> qn_f32_pool_function {
    var kernels: UnsafePointer<qn_f32_pool_kernel>?
    let count = Int(qn_f32_pool_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa).function
  }
}

/// The bilinear resizing kernels.
public enum ResizeKernel {
  /// The best kernel of the family that needs at most the given level.
  ///
  /// The function is C: see `qn_f32_resize_function` for its arguments.
  public static func function(_ isa: ISA) -> qn_f32_resize_function {
    var kernels: UnsafePointer<qn_f32_resize_kernel>?
    let count = Int(qn_f32_resize_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa).function
  }
}

/// The depthwise convolution kernels for bytes, with the packing of their weights.
public enum ByteDepthwiseKernel {
  /// The best kernel of the family that this processor runs and that needs at most the given level.
  ///
  /// The functions are C: see `qn_u8_dwconv_function` for their arguments.
  public static func kernel(_ isa: ISA) -> qn_u8_dwconv_kernel {
    var kernels: UnsafePointer<qn_u8_dwconv_kernel>?
    let count = Int(qn_u8_dwconv_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa)
  }
}

/// The kernels that add quantised tensors.
public enum ByteAddKernel {
  /// The best kernel of the family that this processor runs and that needs at most the given level.
  ///
  /// The function is C: see `qn_u8_add_function` for its arguments.
  public static func function(_ isa: ISA) -> qn_u8_add_function {
    var kernels: UnsafePointer<qn_u8_add_kernel>?
    let count = Int(qn_u8_add_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa).function
  }
}

/// The kernels that look bytes up in a table.
public enum ByteTableKernel {
  /// The best kernel of the family that this processor runs and that needs at most the given level.
  ///
  /// The function is C: see `qn_u8_table_function` for its arguments.
  public static func function(_ isa: ISA) -> qn_u8_table_function {
    var kernels: UnsafePointer<qn_u8_table_kernel>?
    let count = Int(qn_u8_table_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa).function
  }
}

/// The kernels that multiply quantised tensors.
public enum ByteGateKernel {
  /// The best kernel of the family that this processor runs and that needs at most the given level.
  ///
  /// The function is C: see `qn_u8_gate_function` for its arguments.
  public static func function(_ isa: ISA) -> qn_u8_gate_function {
    var kernels: UnsafePointer<qn_u8_gate_kernel>?
    let count = Int(qn_u8_gate_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa).function
  }
}

/// The pooling kernels for bytes.
public enum BytePoolKernel {
  /// The best kernel of the family that this processor runs and that needs at most the given level.
  ///
  /// The function is C: see `qn_u8_pool_function` for its arguments.
  public static func function(_ isa: ISA) -> qn_u8_pool_function {
    var kernels: UnsafePointer<qn_u8_pool_kernel>?
    let count = Int(qn_u8_pool_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa).function
  }
}

/// The kernels between numbers and bytes, in either order of an image's elements.
public enum ByteConversionKernel {
  /// The best kernel of the family that this processor runs and that needs at most the given level.
  ///
  /// The functions are C: see `qn_u8_convert_kernel` for their arguments.
  public static func kernel(_ isa: ISA) -> qn_u8_convert_kernel {
    var kernels: UnsafePointer<qn_u8_convert_kernel>?
    let count = Int(qn_u8_convert_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa)
  }
}

/// The bilinear resizing kernels for bytes.
public enum ByteResizeKernel {
  /// The best kernel of the family that this processor runs and that needs at most the given level.
  ///
  /// The function is C: see `qn_u8_resize_function` for its arguments.
  public static func function(_ isa: ISA) -> qn_u8_resize_function {
    var kernels: UnsafePointer<qn_u8_resize_kernel>?
    let count = Int(qn_u8_resize_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa).function
  }
}

/// The kernels for convolutions in groups of few channels.
public enum GroupedKernel {
  /// The best kernel of the family that needs at most the given level, with the lanes of its vectors.
  ///
  /// The function is C: see `qn_f32_gconv_function` for its arguments, and ``PackedGroups`` for the weights.
  public static func kernel(_ isa: ISA) -> qn_f32_gconv_kernel {
    var kernels: UnsafePointer<qn_f32_gconv_kernel>?
    let count = Int(qn_f32_gconv_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa)
  }
}

/// The kernels of a network's first convolution, from few channels.
public enum StemKernel {
  /// The best kernel of the family that needs at most the given level, with the width of its panels.
  ///
  /// The function is C: see `qn_f32_stem_function` for its arguments.
  public static func kernel(_ isa: ISA) -> qn_f32_stem_kernel {
    var kernels: UnsafePointer<qn_f32_stem_kernel>?
    let count = Int(qn_f32_stem_kernels(&kernels))
    return best(UnsafeBufferPointer(start: kernels, count: count), isa, level: \.isa)
  }
}

/// The last row of a table in rising order that needs at most the given level; the first is portable.
func best<Kernel>(
  _ kernels: UnsafeBufferPointer<Kernel>, _ isa: ISA, level: KeyPath<Kernel, qn_isa>
) -> Kernel {
  kernels.last { $0[keyPath: level].rawValue <= isa.code.rawValue } ?? kernels[0]
}
