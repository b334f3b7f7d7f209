import Compute
import Devices
import Diagnostics
import Foundation
import Inference
import SearchSpaces

/// A device as a small YAML file describes it.
///
///     version: 1
///     name: desktop-openvino
///     kind: openvino             # inference-core, onnxruntime, openvino, agent or formula
///     threads: 4
///     precision: int8
///     python: runtimes/bin/python
public struct DeviceFile: Hashable, Sendable {
  /// What can time a network, with what it needs.
  enum Kind: Hashable, Sendable {
    case inferenceCore(threads: Int, isa: ISA?, precision: Precision)
    case runtime(RuntimeDevice.Runtime, threads: Int, precision: Precision, python: String?)
    case agent(url: String, device: String, tokenFile: String?)
    case formula(FormulaDevice)
  }

  /// The name that the device is chosen by.
  public let name: String
  let kind: Kind

  /// Reads a device file.
  ///
  /// - Throws: ``Diagnostic`` with file, line, key, value and rule.
  public static func load(_ path: String) throws -> DeviceFile {
    try DeviceFileReader(file: path).device(YAMLDocument.root(ofFile: path))
  }

  /// The file's text, with paths that mean the same wherever it stands.
  ///
  /// - Throws: ``Diagnostic`` where a relative path does not stand on a line of its own.
  func text(of file: String) throws -> Data {
    var lines = String(decoding: try readFile(file, limit: 1 << 20), as: UTF8.self).components(separatedBy: "\n")
    for (key, path) in paths {
      guard let line = lines.firstIndex(where: { $0.hasPrefix(key + ":") }) else {
        throw Diagnostic(
          .usage, "the file cannot be moved", at: .init(file: file, path: key), value: path,
          rule: "a key with a path stands on a line of its own",
          remedy: "write 'version: 1', 'name: …' and so on as lines")
      }
      lines[line] = "\(key): '\(path.replacingOccurrences(of: "'", with: "''"))'"
    }
    return Data(lines.joined(separator: "\n").utf8)
  }

  /// Paths that were read, by their keys.
  private var paths: [(key: String, path: String)] {
    switch kind {
    case .runtime(_, _, _, let python?): [("python", python)]
    case .agent(_, _, let token?): [("token_file", token)]
    default: []
    }
  }

  /// The device, with what it needs loaded or started.
  ///
  /// - Throws: ``Diagnostic`` where the machine has fewer cores, or something is not installed or not reachable.
  public func device(rules: MeasurementProtocol = MeasurementProtocol()) throws -> any Device {
    switch kind {
    case .inferenceCore(let threads, let isa, let precision):
      NamedDevice(name, try InferenceCoreDevice(threads: threads, isa: isa, precision: precision, rules: rules))
    case .runtime(let runtime, let threads, let precision, let python):
      try RuntimeDevice(runtime, threads: threads, precision: precision, python: python, name: name, rules: rules)
    case .agent(let url, let device, let tokenFile):
      try RemoteDevice(
        name: name, url: url, device: device, token: tokenFile.map { try AccessToken(file: $0) } ?? .ofEnvironment())
    case .formula(let formula): NamedDevice(name, formula)
    }
  }
}

/// Turns the entries of a device file into a ``DeviceFile``.
private struct DeviceFileReader {
  /// The file that is read; paths in it are relative to its folder.
  let file: String

  private static let kinds = ["inference-core", "onnxruntime", "openvino", "agent", "formula"]

  func device(_ root: YAMLEntry) throws -> DeviceFile {
    let all = try root.fields([
      "version", "name", "kind", "threads", "isa", "precision", "python", "url", "device", "token_file",
      "peak_gigaflops", "gigabytes_per_second",
      "overhead_microseconds",
    ])
    _ = try all.required("version", rule: "a device file starts with 'version: 1'").integer(in: 1...1)
    let name = try all.required("name", rule: "a device has a name").name()
    let word = try all.required("kind", rule: "a device is of a kind: \(Self.kinds.joined(separator: ", "))")
      .word(among: Self.kinds, "kind of device")
    return DeviceFile(name: name, kind: try kind(word, root))
  }

  private func kind(_ word: String, _ root: YAMLEntry) throws -> DeviceFile.Kind {
    let shared = ["version", "name", "kind"]
    let rule = "these are the keys of the kind \(word)"
    switch word {
    case "inference-core":
      let fields = try root.fields(shared + ["threads", "isa", "precision"], rule: rule)
      return .inferenceCore(
        threads: try threads(fields), isa: try fields["isa"].map(isa), precision: try precision(fields))
    case "agent":
      let fields = try root.fields(shared + ["url", "device", "token_file"], rule: rule)
      return .agent(
        url: try fields.required("url", rule: "an agent listens at http://HOST:PORT").string(),
        device: try fields.required("device", rule: "the device has a name on its own machine").string(),
        tokenFile: try fields["token_file"].map { path(try $0.string()) })
    case "formula":
      let rates = ["peak_gigaflops", "gigabytes_per_second", "overhead_microseconds"]
      let fields = try root.fields(shared + rates + ["precision"], rule: rule)
      let values = try rates.map { try fields[$0]?.positiveNumber(upTo: 1e9) }
      return .formula(
        FormulaDevice(
          peakGigaflops: values[0] ?? 50, gigabytesPerSecond: values[1] ?? 10, overheadMicroseconds: values[2] ?? 2,
          precision: try precision(fields)))
    default:
      let fields = try root.fields(shared + ["threads", "precision", "python"], rule: rule)
      return .runtime(
        word == "openvino" ? .openvino : .onnxruntime, threads: try threads(fields), precision: try precision(fields),
        python: try fields["python"].map { path(try $0.string()) })
    }
  }

  /// A program's path is relative to the file; a bare name is looked up where programs are.
  private func path(_ text: String) -> String {
    guard text.contains("/"), !text.hasPrefix("/") else { return text }
    return URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent(text).standardizedFileURL.path
  }

  private func threads(_ fields: YAMLEntry.Fields) throws -> Int {
    try fields["threads"]?.integer(in: 1...1024) ?? 1
  }

  private func isa(_ entry: YAMLEntry) throws -> ISA {
    let levels: [ISA] = [.portable, .avx2, .avx512, .amx]
    let word = try entry.word(among: levels.map(\.rawValue), "level of kernels")
    return levels.first { $0.rawValue == word } ?? .native
  }

  private func precision(_ fields: YAMLEntry.Fields) throws -> Precision {
    try fields["precision"].map { try $0.word(among: ["fp32", "int8"], "precision") } == "int8" ? .int8 : .fp32
  }
}
