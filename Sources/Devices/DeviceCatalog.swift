import Diagnostics
import Networks

/// The devices that can be chosen by name.
public enum DeviceCatalog {
  /// The names on this machine: `cpu-1t` and so on up to its cores, the same with lower levels of kernels, and `formula`.
  public static var names: [String] { InferenceCoreDevice.names + [FormulaDevice().name] }

  /// The device of a name.
  ///
  /// - Parameter rules: how a device that is a machine times networks.
  /// - Throws: ``Diagnostic`` that lists the legal names and the nearest one.
  public static func device(
    named name: String, rules: MeasurementProtocol = MeasurementProtocol()
  ) throws -> any Device {
    if name == FormulaDevice().name { return FormulaDevice() }
    if let choice = InferenceCoreDevice.choices.first(where: { $0.name == name }) {
      return try InferenceCoreDevice(threads: choice.threads, isa: choice.isa, rules: rules)
    }
    throw Diagnostic(
      .usage, "no such device", value: name,
      rule: "the devices of this machine are \(names.joined(separator: ", "))",
      nearest: nearestName(to: name, among: names))
  }
}
