import Diagnostics
import Foundation
import Latency
import Networks
import Search
import SearchSpaces
import Store
import Tensors

/// Measured latencies in one SQLite file, each stored when it is known, with what is needed to make its network again.
public struct SampleStore: Sendable {
  /// The file's name inside a folder of samples.
  public static let fileName = "samples.sqlite"

  private let storage: any StudyStorage
  private static let (recipes, spaces, devices, places) = ("network", "space", "device", "place")

  /// Opens the samples of a folder, which is made where it is missing.
  ///
  /// - Throws: ``Diagnostic`` where the file cannot be used.
  public init(folder: String) throws {
    let path = URL(fileURLWithPath: folder).appendingPathComponent(Self.fileName).path
    storage = try SQLiteStorage(path: path)
  }

  /// Opens the samples of a folder that has some.
  ///
  /// - Throws: ``Diagnostic`` where there are none, or the file cannot be used.
  public static func existing(folder: String) throws -> SampleStore {
    let path = URL(fileURLWithPath: folder).appendingPathComponent(fileName).path
    guard FileManager.default.fileExists(atPath: path) else {
      throw Diagnostic(
        .unusableFile, "there are no samples", at: .init(file: path),
        rule: "quoin device collect writes a folder with \(fileName)", remedy: "collect samples first")
    }
    return try SampleStore(folder: folder)
  }

  private static func kind(_ device: String) -> String { "latency on \(device)" }
  private static func refusals(_ device: String) -> String { "refusal on \(device)" }

  /// Keeps how a network is made, and where its file stands now.
  ///
  /// - Throws: ``Diagnostic`` where the samples here are of probes that another version drew for the same numbers.
  func record(_ recipe: NetworkRecipe) throws {
    let standing: NetworkRecipe = try decoded(
      storage.record(fact: json(recipe), kind: Self.recipes, key: recipe.key), recipe.key)
    if standing != recipe, case .file(let path, let hash) = recipe {
      try storage.record(fact: json([hash, path]), kind: Self.places, key: sha256(Data((hash + path).utf8)))
    }
    guard case .probe(_, _, let drawn) = standing, case .probe(_, _, let wanted) = recipe, drawn != wanted else {
      return
    }
    throw Diagnostic(
      .usage, "the samples here are of other probes", at: .init(path: recipe.key), value: "probes \(drawn)",
      rule: "this version draws probes \(wanted)", remedy: "choose another folder with --out")
  }

  /// Keeps the text of a space file.
  func record(space yaml: String, hash: String) throws {
    try storage.record(fact: json(yaml), kind: Self.spaces, key: hash)
  }

  /// Keeps a measurement; `attempt` counts those of one network on one device, where no other process was faster.
  func record(_ sample: LatencySample, on device: String, attempt: Int) throws {
    let (text, kind) = (try json(sample), Self.kind(device))
    var attempt = attempt
    while try storage.record(fact: text, kind: kind, key: "\(sample.key)/\(attempt)") != text { attempt += 1 }
  }

  /// All measurements on a device by network, in the order of attempts.
  public func samples(on device: String) throws -> [String: [LatencySample]] {
    var byKey: [String: [(attempt: Int, sample: LatencySample)]] = [:]
    for (key, text) in try storage.facts(ofKind: Self.kind(device)) {
      let parts = key.split(separator: "/")
      guard parts.count == 2, let attempt = Int(parts[1]) else { throw damaged(key) }
      byKey[String(parts[0]), default: []].append((attempt, try decoded(text, key)))
    }
    return byKey.mapValues { $0.sorted { $0.attempt < $1.attempt }.map(\.sample) }
  }

  /// Keeps why a device cannot run a network.
  func record(refusal reason: String, of key: String, on device: String) throws {
    try storage.record(fact: json(reason), kind: Self.refusals(device), key: key)
  }

  /// Why a device cannot run networks, by their keys.
  public func refusals(on device: String) throws -> [String: String] {
    try storage.facts(ofKind: Self.refusals(device)).reduce(into: [:]) { $0[$1.key] = try decoded($1.value, $1.key) }
  }

  /// All recipes by the key of their network.
  public func networkRecipes() throws -> [String: NetworkRecipe] {
    try storage.facts(ofKind: Self.recipes).reduce(into: [:]) { $0[$1.key] = try decoded($1.value, $1.key) }
  }

  /// What makes measured networks again.
  func kitchen() throws -> NetworkKitchen { NetworkKitchen(spaces: try searchSpaces(), places: try places()) }

  /// Where files stood after they were first measured, by their SHA-256.
  private func places() throws -> [String: [String]] {
    try storage.facts(ofKind: Self.places).sorted { $0.key < $1.key }.reduce(into: [:]) { places, fact in
      let pair: [String] = try decoded(fact.value, fact.key)
      guard pair.count == 2 else { throw damaged(fact.key) }
      places[pair[0], default: []].append(pair[1])
    }
  }

  /// The spaces that recipes name.
  private func searchSpaces() throws -> [String: SearchSpace] {
    try storage.facts(ofKind: Self.spaces).reduce(into: [:]) {
      let yaml: String = try decoded($1.value, $1.key)
      $0[$1.key] = try SearchSpace(yaml: yaml)
    }
  }

  private func json(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  private func decoded<Value: Decodable>(_ text: String, _ key: String) throws -> Value {
    do { return try JSONDecoder().decode(Value.self, from: Data(text.utf8)) } catch { throw damaged(key) }
  }

  private func damaged(_ key: String) -> Diagnostic {
    Diagnostic(
      .unusableFile, "a sample cannot be read", at: .init(file: Self.fileName, path: key),
      remedy: "collect into another folder")
  }
}

extension SampleStore {
  /// The devices with samples, by name, and what they were.
  public func devices() throws -> [String: DeviceFingerprint] {
    try storage.facts(ofKind: Self.devices).reduce(into: [:]) { $0[$1.key] = try decoded($1.value, $1.key) }
  }

  /// Keeps what a device is.
  ///
  /// - Throws: ``Diagnostic`` where another device had the name when samples were measured here.
  func record(_ fingerprint: DeviceFingerprint, of device: String) throws {
    let standing = try storage.record(fact: json(fingerprint), kind: Self.devices, key: device)
    guard let mismatch = FingerprintMismatch(stored: try decoded(standing, device), current: fingerprint) else {
      return
    }
    throw Diagnostic(
      .usage, "the samples here are of another device of this name", at: .init(path: device),
      value: mismatch.description, rule: "one folder holds the samples of one device under a name",
      remedy: "choose another folder with --out")
  }

  /// Makes a measured network again.
  ///
  /// - Throws: ``Diagnostic`` where its file is missing or has changed.
  public func network(_ recipe: NetworkRecipe) throws -> Network {
    try kitchen().structure(recipe)
  }
}

extension [LatencySample] {
  /// The latency that repeated measurements of one network agree on: the middle of the undisturbed ones, or of all where
  /// none is; `nil` for no measurement.
  public var agreedMilliseconds: Double? {
    let calm = filter { !$0.latency.disturbed }
    let medians = (calm.isEmpty ? self : calm).map(\.latency.median)
    return medians.isEmpty ? nil : median(medians)
  }

  /// Whether no measurement was undisturbed.
  public var isDisturbed: Bool { allSatisfy(\.latency.disturbed) }
}
