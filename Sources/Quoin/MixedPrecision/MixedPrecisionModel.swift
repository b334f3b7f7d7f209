import BlockSelection
import Inference

/// A limit on a mixed network; what is not limited is made as small as it can be.
public enum MixedPrecisionLimit: Hashable, Sendable {
  /// The latency in milliseconds.
  case latency(Double)
  /// The ratio of noise to signal.
  case noise(Double)

  /// The number.
  public var value: Double {
    switch self {
    case .latency(let value), .noise(let value): value
    }
  }

  /// The same limit with another number.
  func with(_ value: Double) -> MixedPrecisionLimit {
    switch self {
    case .latency: .latency(value)
    case .noise: .noise(value)
    }
  }
}

/// Predicts latency and error of a network with formats for its layers, from measured parts, and poses the choice of
/// formats as a ``SelectionProblem``.
///
/// Formats are selected as HAWQ-V3 does (Yao et al., 2021): one choice per layer, costs that add up. Conversions between
/// neighbours of different formats are costs of pairs. A value that several layers read is converted once for all of them:
/// it becomes a group of its own, whose choice is in which formats it is there.
public struct MixedPrecisionModel: Sendable {
  /// The names of the layers.
  public let layers: [String]
  /// The formats that every layer can have, FP32 first.
  public let formats: [[LayerFormat]]
  /// What they take.
  public let times: LayerTimes
  /// What they cost in quality.
  public let errors: LayerErrors
  package let crossings: [FormatCrossing]

  /// A model of measured parts.
  package init(
    layers: [String], formats: [[LayerFormat]], times: LayerTimes, errors: LayerErrors, crossings: [FormatCrossing]
  ) {
    (self.layers, self.formats, self.times, self.errors, self.crossings) = (layers, formats, times, errors, crossings)
  }

  /// Names in instances.
  enum Name {
    /// How a value is there that several layers read: as numbers, or as bytes.
    static let numbers = LayerFormat.fp32.rawValue
    static let bytes = LayerFormat.int8.rawValue
    /// Computed as numbers and rounded as well, and the other way round.
    static let rounded = "fp32+int8"
    static let widened = "int8+fp32"
    static let latency = "latency_ms"
  }

  /// The name of the error among an instance's costs, in millionths: GLPK's tolerances are absolute in places.
  var errorName: String { errors.kind == .output ? "noise_to_signal_ppm" : "hessian_error_ppm" }

  /// Milliseconds with a format for every layer.
  public func latency(_ formats: [LayerFormat]) -> Double {
    var sum = times.fixed
    for (layer, format) in formats.enumerated() { sum += times.milliseconds(layer, format) }
    let isBytes = formats.map { $0 == .int8 }
    for (place, crossing) in crossings.enumerated() {
      if crossing.becomesBytes(isBytes) { sum += times.toBytes[place] }
      if crossing.becomesNumbers(isBytes) { sum += times.toNumbers[place] }
    }
    return sum
  }

  /// All layers in one format, or in FP32 where they cannot.
  package func all(in format: LayerFormat) -> [LayerFormat] { formats.map { $0.contains(format) ? format : .fp32 } }

  /// What the limit is about, predicted.
  func amount(_ limit: MixedPrecisionLimit, _ formats: [LayerFormat]) -> Double {
    switch limit {
    case .latency: latency(formats)
    case .noise: errors.sum(formats)
    }
  }

  /// The selection of formats under a limit, in the form of `quoin select`.
  public func problem(_ limit: MixedPrecisionLimit) -> SelectionProblem {
    var builder = MixedPrecisionProblemBuilder(self, limit)
    for (place, crossing) in crossings.enumerated() { builder.add(crossing, place) }
    for (pair, error) in errors.pairs { builder.add(error: error, of: pair) }
    return builder.problem
  }

  /// The formats of a selection.
  package func formats(_ choices: [String: String]) -> [LayerFormat] {
    layers.map { choices[$0].flatMap(LayerFormat.init) ?? .fp32 }
  }

  /// The simple method: from FP32 on, the change of one layer's format next that saves most time per error, until the limit
  /// holds, or as long as it does. `nil` where the latency is never reached.
  package func greedy(_ limit: MixedPrecisionLimit) -> [LayerFormat]? {
    var chosen = all(in: .fp32)
    while true {
      if case .latency(let most) = limit, latency(chosen) <= most { return chosen }
      guard let next = bestChange(chosen, limit) else {
        if case .noise = limit { return chosen }
        return nil
      }
      chosen = next
    }
  }

  private func bestChange(_ chosen: [LayerFormat], _ limit: MixedPrecisionLimit) -> [LayerFormat]? {
    let (time, error) = (latency(chosen), errors.sum(chosen))
    var best: (formats: [LayerFormat], worth: Double)?
    for (layer, able) in formats.enumerated() {
      for format in able where format != chosen[layer] {
        var changed = chosen
        changed[layer] = format
        if case .noise(let most) = limit, errors.sum(changed) > most { continue }
        let saved = time - latency(changed)
        let worth = saved / max(errors.sum(changed) - error, 1e-12)
        if saved > 0, worth > best?.worth ?? 0 { best = (changed, worth) }
      }
    }
    return best?.formats
  }
}
