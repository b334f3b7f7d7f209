import CKernels

/// The kernels for the product of bytes, with a packed right operand and requantisation fused.
public enum ByteProductKernel {
  /// The fastest kernel of the family that needs at most the given level and that this machine runs.
  ///
  /// The function is C: see `qn_u8_gemm_function` for its arguments, and ``PackedBytes`` for the right operand.
  public static func kernel(_ isa: ISA) -> qn_u8_gemm_kernel { best(all, isa, level: \.isa) }

  /// All kernels that this machine runs, the portable one first.
  package static var all: UnsafeBufferPointer<qn_u8_gemm_kernel> {
    var kernels: UnsafePointer<qn_u8_gemm_kernel>?
    let count = Int(qn_u8_gemm_kernels(&kernels))
    return UnsafeBufferPointer(start: kernels, count: count)
  }
}

/// How the weights of a linear layer are stored; activations and results are FP32.
public enum LinearFormat: String, Hashable, Sendable, Codable, CaseIterable {
  /// The upper half of FP32.
  case bf16
  /// Signed bytes with a scale per output channel.
  case int8
  /// Four bits in two's complement, in groups of 32 along the sums, with a scale per group and output channel.
  case int4

  /// The steps that share a scale in ``int4``.
  public static let group = 32
}

/// The kernels for linear layers with weights in fewer bits than FP32.
public enum LinearKernel {
  /// The fastest kernel for a format that needs at most the given level and that this machine runs.
  ///
  /// The function is C: see `qn_linear_gemm_function` for its arguments, and ``PackedLinear`` for the right operand.
  public static func kernel(_ format: LinearFormat, _ isa: ISA) -> qn_linear_gemm_kernel {
    best(all(format), isa, level: \.isa)
  }

  /// All kernels for a format that this machine runs, the portable one first.
  package static func all(_ format: LinearFormat) -> UnsafeBufferPointer<qn_linear_gemm_kernel> {
    var kernels: UnsafePointer<qn_linear_gemm_kernel>?
    let count =
      switch format {
      case .bf16: qn_bf16_gemm_kernels(&kernels)
      case .int8: qn_w8_gemm_kernels(&kernels)
      case .int4: qn_w4_gemm_kernels(&kernels)
      }
    return UnsafeBufferPointer(start: kernels, count: Int(count))
  }
}
