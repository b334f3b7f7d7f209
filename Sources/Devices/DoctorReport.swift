import Compute
import Diagnostics
import Foundation

/// What the machine is, as far as latencies depend on it, and what is missing for good ones.
public struct DoctorReport: Hashable, Sendable, Codable {
  /// The processor.
  public var cpu: CPU
  /// The level of the kernels in use.
  public var isa: String
  /// The BLAS library with its kernels, or why it cannot be used.
  public var blas: String
  /// Bytes of main memory.
  public var memoryBytes: UInt64
  /// What the machine reaches, for one thread and for all.
  public var rates: [MachineProbe]
  /// How steady the machine is.
  public var noise: TimingNoise
  /// The devices that can be chosen.
  public var devices: [String]
  /// What is missing or in the way, each with what to do.
  public var missing: [String]

  enum CodingKeys: String, CodingKey {
    case cpu, isa, blas, rates, noise, devices, missing
    case memoryBytes = "memory_bytes"
  }

  /// Creates a report from facts; what is missing follows from them.
  public init(
    cpu: CPU, isa: ISA, blas: String, blasProblem: String?, memoryBytes: UInt64, rates: [MachineProbe],
    noise: TimingNoise, devices: [String]
  ) {
    self.cpu = cpu
    self.isa = isa.rawValue
    self.blas = blas
    self.memoryBytes = memoryBytes
    self.rates = rates
    self.noise = noise
    self.devices = devices
    missing = Self.missing(isa: isa, blasProblem: blasProblem, noise: noise)
  }

  /// Examines this machine; takes a few seconds.
  ///
  /// - Throws: ``Diagnostic`` where other measurements keep the machine busy.
  public static func examine() throws -> DoctorReport {
    let turn = try DeviceLock("cpu")
    var blasProblem: String?
    do { try BLAS.load() } catch { blasProblem = "\(error)" }
    let threads = Set([1, CPU.current.cores]).sorted()
    let rates = threads.map { MachineProbe.measured(threads: $0) }
    let noise = try onPinnedThread { TimingNoise.measured() }
    _ = consume turn
    return DoctorReport(
      cpu: .current, isa: .native, blas: BLAS.description, blasProblem: blasProblem,
      memoryBytes: ProcessInfo.processInfo.physicalMemory, rates: rates, noise: noise,
      devices: DeviceCatalog.names)
  }

  /// The report as JSON with keys in snake case.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.keyEncodingStrategy = .convertToSnakeCase
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }

  private static func missing(isa: ISA, blasProblem: String?, noise: TimingNoise) -> [String] {
    var missing: [String] = []
    if let blasProblem { missing.append(blasProblem) }
    if isa == .portable {
      missing.append("the processor has no AVX2: the portable kernels run, which are many times slower")
    }
    if noise.disturbed > 0.1 {
      missing.append(
        "the machine is busy: \(percent(noise.disturbed)) of equal work takes over \(percent(MeasurementProtocol().disturbance)) longer than the fastest; "
          + "stop other programs before measuring")
    }
    return missing
  }
}

extension DoctorReport: CustomStringConvertible {
  /// The facts as lines of a name and a value.
  public var description: String {
    var lines = [
      ("processor", "\(cpu.name), \(cpu.cores) cores"),
      ("kernels", "\(isa) (runs \(cpu.levels.map(\.rawValue).joined(separator: ", ")))"),
      ("extensions", cpu.extensions.isEmpty ? "none" : cpu.extensions.joined(separator: ", ")),
      ("caches", "L1 \(size(cpu.l1DataBytes)), L2 \(size(cpu.l2Bytes)), L3 \(size(cpu.l3Bytes))"),
      ("memory", size(Int(clamping: memoryBytes))),
      ("BLAS", blas),
    ]
    for rate in rates {
      let name = rate.threads == 1 ? "1 thread" : "\(rate.threads) threads"
      lines.append((name, rate.sentence))
    }
    lines.append(
      (
        "timing noise",
        "90 % of equal work within +\(percent(noise.slower90)) of the median, slowest +\(percent(noise.slowest))"
      ))
    lines.append(("devices", devices.joined(separator: ", ")))
    lines.append(("missing", missing.first ?? "nothing"))
    lines += missing.dropFirst().map { ("", $0) }
    let width = lines.map(\.0.count).max() ?? 0
    return lines.map { $0.0.padding(toLength: width + 2, withPad: " ", startingAt: 0) + $0.1 }
      .joined(separator: "\n")
  }
}

extension MachineProbe {
  fileprivate var sentence: String {
    let blas = blasGigaflops.map { " (BLAS \(fixed($0, 0)))" } ?? ""
    return "\(fixed(peakGigaflops, 0)) GFLOP/s in FP32\(blas), \(fixed(peakByteGigaops, 0)) G operations/s on bytes, "
      + "reads \(fixed(readGigabytesPerSecond, 1)) GB/s, triad \(fixed(triadGigabytesPerSecond, 1)) GB/s"
  }
}

private func fixed(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

private func percent(_ fraction: Double) -> String { fixed(100 * fraction, 1) + " %" }

/// Bytes in the largest binary unit that leaves a number of at least 1; `unknown` for none.
private func size(_ bytes: Int) -> String {
  let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)]
  guard bytes > 0 else { return "unknown" }
  guard let unit = units.first(where: { bytes >> $0.1 > 0 }) else { return "\(bytes) bytes" }
  let value = Double(bytes) / Double(1 << unit.1)
  return fixed(value, value == value.rounded() ? 0 : 1) + " " + unit.0
}
