import Compute
import Diagnostics
import Inference
import Networks

/// The devices that can be chosen by name.
public enum DeviceCatalog {
  /// The names on this machine: `cpu-1t` and so on up to its cores, in bytes and with lower levels of kernels;
  /// `onnxruntime-1t` and `openvino-1t` and so on, whether their packages are installed or not; and `formula`.
  public static var names: [String] {
    InferenceCoreDevice.names + runtimes.map(\.name) + [FormulaDevice().name]
  }

  private static var runtimes: [(name: String, runtime: RuntimeDevice.Runtime, threads: Int, precision: Precision)] {
    RuntimeDevice.Runtime.allCases.flatMap { runtime in
      [Precision.fp32, .int8].flatMap { precision in
        (1...CPU.current.cores).map {
          (RuntimeDevice.name(runtime, $0, precision), runtime, $0, precision)
        }
      }
    }
  }

  /// The device of a name, or of the address of one of another machine, such as `http://lab-3:7431/cpu-1t`.
  ///
  /// - Parameter rules: how a device that is a machine times networks.
  /// - Throws: ``Diagnostic`` that lists the legal names and the nearest one, or says why another machine's device cannot
  ///   be used.
  public static func device(
    named name: String, rules: MeasurementProtocol = MeasurementProtocol()
  ) throws -> any Device {
    if name == FormulaDevice().name { return FormulaDevice() }
    if RemoteDevice.isAddress(name) { return try RemoteDevice(url: name) }
    if let choice = InferenceCoreDevice.choices.first(where: { $0.name == name }) {
      return try InferenceCoreDevice(
        threads: choice.threads, isa: choice.isa, precision: choice.precision, rules: rules)
    }
    if let choice = runtimes.first(where: { $0.name == name }) {
      return try RuntimeDevice(choice.runtime, threads: choice.threads, precision: choice.precision, rules: rules)
    }
    throw unknown(name, among: names)
  }

  /// What is wrong with a name that no device has.
  package static let unknown = "no such device"

  /// The error for a name that no device has.
  package static func unknown(_ name: String, among names: [String]) -> Diagnostic {
    Diagnostic(
      .usage, unknown, value: name, rule: "the devices are \(names.joined(separator: ", "))",
      nearest: nearestName(to: name, among: names))
  }
}
