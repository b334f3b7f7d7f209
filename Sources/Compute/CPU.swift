import CKernels
import Foundation

/// The processor that this process runs on, by `cpuid` and what the operating system reports.
public struct CPU: Hashable, Sendable, Codable {
  /// The model name.
  public let name: String
  /// The number of processors that the process may run on.
  public let cores: Int
  /// The usable instruction-set levels of the kernels, lowest first.
  public let levels: [ISA]
  /// Extensions beyond the levels, such as `avx512_vnni`.
  public let extensions: [String]
  /// Bytes of one core's first-level data cache; 0 where unknown.
  public let l1DataBytes: Int
  /// Bytes of one core's second-level cache; 0 where unknown.
  public let l2Bytes: Int
  /// Bytes of the shared third-level cache; 0 where unknown.
  public let l3Bytes: Int

  /// This machine's processor.
  public static let current = CPU()

  private init() {
    let probe = qn_cpu_probe()
    name = withUnsafeBytes(of: probe.name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    cores = Int(qn_cpu_count())
    levels =
      [.portable] + (probe.avx2 != 0 && probe.fma != 0 ? [.avx2] : [])
      + (probe.avx512 != 0 && probe.avx2 != 0 && probe.fma != 0 ? [.avx512] : [])
      + (probe.avx512 != 0 && probe.avx512_vnni != 0 && probe.amx_int8 != 0 && probe.amx_bf16 != 0 ? [.amx] : [])
    let flags = [
      ("avx512_vnni", probe.avx512_vnni), ("avx_vnni", probe.avx_vnni), ("avx512_bf16", probe.avx512_bf16),
      ("amx_int8", probe.amx_int8), ("amx_bf16", probe.amx_bf16),
    ]
    extensions = flags.filter { $0.1 != 0 }.map(\.0)
    (l1DataBytes, l2Bytes, l3Bytes) = (probe.l1d, probe.l2, probe.l3)
  }

  /// Binds the calling thread to one of the processors that the process may run on (`index` modulo their number).
  ///
  /// - Returns: whether the operating system did so.
  @discardableResult
  public static func pinCurrentThread(to index: Int) -> Bool { qn_cpu_pin(Int32(index)) == 0 }
}
