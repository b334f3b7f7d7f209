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

/// Predicts latency and error of a network with any of its layers in bytes, from measured parts, and poses the choice of
/// formats as a ``SelectionProblem``.
///
/// Formats are selected as HAWQ-V3 does (Yao et al., 2021): one choice per layer, costs that add up. Conversions between
/// neighbours of different formats are costs of pairs. A value that several layers read is converted once for all of them:
/// it becomes a group of its own, whose choice is in which formats it is there.
public struct MixedPrecisionModel: Sendable {
  /// The names of the layers.
  public let layers: [String]
  /// What they take.
  public let times: LayerTimes
  /// What they cost in quality.
  public let errors: LayerErrors
  package let crossings: [FormatCrossing]

  /// A model of measured parts.
  package init(layers: [String], times: LayerTimes, errors: LayerErrors, crossings: [FormatCrossing]) {
    (self.layers, self.times, self.errors, self.crossings) = (layers, times, errors, crossings)
  }

  /// Names in instances.
  enum Name {
    static let fp32 = "fp32"
    static let int8 = "int8"
    /// Computed in FP32 and rounded as well, and the other way round.
    static let rounded = "fp32+int8"
    static let widened = "int8+fp32"
    static let latency = "latency_ms"
  }

  /// The name of the error among an instance's costs, in millionths: GLPK's tolerances are absolute in places.
  var errorName: String { errors.kind == .output ? "noise_to_signal_ppm" : "hessian_error_ppm" }

  /// Milliseconds with some layers in bytes.
  public func latency(_ isChosen: [Bool]) -> Double {
    var sum = times.fixed
    for (layer, isBytes) in isChosen.enumerated() { sum += isBytes ? times.int8[layer] : times.fp32[layer] }
    for (place, crossing) in crossings.enumerated() {
      if crossing.becomesBytes(isChosen) { sum += times.toBytes[place] }
      if crossing.becomesNumbers(isChosen) { sum += times.toNumbers[place] }
    }
    return sum
  }

  /// What the limit is about, predicted.
  func amount(_ limit: MixedPrecisionLimit, _ isChosen: [Bool]) -> Double {
    switch limit {
    case .latency: latency(isChosen)
    case .noise: errors.sum(isChosen)
    }
  }

  /// The selection of formats under a limit, in the form of `quoin select`.
  public func problem(_ limit: MixedPrecisionLimit) -> SelectionProblem {
    var builder = MixedPrecisionProblemBuilder(self, limit)
    for (place, crossing) in crossings.enumerated() { builder.add(crossing, place) }
    for (pair, error) in errors.pairs { builder.add(error: error, of: pair) }
    return builder.problem
  }

  /// The layers that a selection has in bytes.
  package func isChosen(_ choices: [String: String]) -> [Bool] { layers.map { choices[$0] == Name.int8 } }

  /// The simple method: from FP32 on, the layer next that saves most time per error, until the limit holds, or as long as it
  /// does. `nil` where the latency is never reached.
  package func greedy(_ limit: MixedPrecisionLimit) -> [Bool]? {
    var isChosen = layers.map { _ in false }
    while true {
      if case .latency(let most) = limit, latency(isChosen) <= most { return isChosen }
      guard let next = bestFlip(isChosen, limit) else {
        if case .noise = limit { return isChosen }
        return nil
      }
      isChosen[next] = true
    }
  }

  private func bestFlip(_ isChosen: [Bool], _ limit: MixedPrecisionLimit) -> Int? {
    let (time, error) = (latency(isChosen), errors.sum(isChosen))
    var best: (layer: Int, worth: Double)?
    for layer in layers.indices where !isChosen[layer] {
      var flipped = isChosen
      flipped[layer] = true
      if case .noise(let most) = limit, errors.sum(flipped) > most { continue }
      let saved = time - latency(flipped)
      let worth = saved / max(errors.sum(flipped) - error, 1e-12)
      if saved > 0, worth > best?.worth ?? 0 { best = (layer, worth) }
    }
    return best?.layer
  }
}
