import CKernels

/// An instruction-set level of the kernels; a higher level includes the lower ones.
public enum ISA: String, Hashable, Sendable, Codable, CaseIterable, Comparable {
  /// Plain C, the reference of all others.
  case portable
  /// AVX2 and FMA.
  case avx2
  /// AVX-512 F, DQ, BW, VL and CD.
  case avx512
  /// Tiles of bytes and BF16, beside AVX-512. FP32 kernels are those of ``avx512``.
  case amx

  /// The highest level of this machine that FP32 kernels exist for.
  public static var native: ISA { CPU.current.levels.filter { $0 <= .avx512 }.max() ?? .portable }

  /// The highest level of this machine, for bytes and BF16.
  public static var nativeInteger: ISA { CPU.current.levels.max() ?? .portable }

  /// Whether this machine runs the level.
  public var isSupported: Bool { CPU.current.levels.contains(self) }

  /// The level as the kernel tables name it.
  package var code: qn_isa {
    switch self {
    case .portable: qn_portable
    case .avx2: qn_avx2
    case .avx512: qn_avx512
    case .amx: qn_amx
    }
  }

  /// Whether the level is lower.
  public static func < (a: ISA, b: ISA) -> Bool { a.code.rawValue < b.code.rawValue }
}
