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
