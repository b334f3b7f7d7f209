import Foundation
import Tensors

/// Standard deviations of all groups' weights and of the noise, as decimal logarithms: one guess at what a device is
/// like.
struct GroupScales: Sendable {
  /// Per group.
  var groups: [Double]
  /// Of the noise, relative to the latency.
  var noise: Double

  /// Group by group, then the noise.
  var all: [Double] { groups + [noise] }

  init(_ all: [Double]) { (groups, noise) = (Array(all.dropLast()), all[all.count - 1]) }

  /// Draws from what is plausible for any device.
  init(for prior: TransferPrior, using random: inout RandomSource) {
    groups = prior.groups.map { group in
      let range = Self.range(of: group.kind)
      return range.lowerBound + (range.upperBound - range.lowerBound) * random.uniform()
    }
    // All groups of a block tend to matter, or not.
    if prior.encoding.blocks.count > 1 {
      let drops = prior.encoding.blocks.map { _ in -1.5 * random.uniform() }
      let least = drops.max() ?? 0
      for (position, group) in prior.groups.enumerated() {
        if let block = group.block { groups[position] += drops[block] - least }
      }
    }
    noise = -2.5 + 2 * random.uniform()
  }

  private static func range(of kind: TransferPrior.Kind) -> ClosedRange<Double> {
    switch kind {
    case .constant: 0...0
    case .mean: -1...0.5
    case .difference: -3...0.5
    case .choice, .trend, .place, .number: -4 ... -0.5
    }
  }
}

/// Normal distributions of scales, learned by letting every source device play the new one.
struct LearnedScales: Sendable {
  private var parts: [(mean: [Double], deviation: [Double])] = []

  /// Measurements per play, plays per set of other devices, draws per play.
  private static let (measurements, plays, draws) = (24, 2, 500)
  /// Sources less alike than this are a set of their own, so that the gap to another family of devices is played too.
  private static let leastCorrelation = 0.97
  /// The evidence of draws is flattened by this, and their distribution no narrower than this.
  private static let (temperature, leastDeviation) = (2.0, 0.3)

  var isEmpty: Bool { parts.isEmpty }

  init(_ sources: SourceDevices, using random: inout RandomSource) {
    guard sources.count >= 3 else { return }
    let correlations = sources.correlations()
    for device in sources.measured {
      let others = (0..<sources.count).filter { $0 != device }
      let far = others.filter { correlations[$0, device] < Self.leastCorrelation }
      for kept in [others] + (far.count >= 2 && far.count < others.count ? [far] : []) {
        let prior = TransferPrior(sources.only(kept))
        for _ in 0..<Self.plays { parts.append(Self.play(prior, sources.known[device], &random)) }
      }
    }
  }

  private static func play(
    _ prior: TransferPrior, _ known: (rows: [Int], latencies: [Double]), _ random: inout RandomSource
  ) -> (mean: [Double], deviation: [Double]) {
    let chosen = random.shuffled(Array(known.rows.indices)).prefix(measurements)
    let middle = median(chosen.map { known.latencies[$0] })
    let problem = TransferProblem(
      prior, rows: chosen.map { known.rows[$0] }, latencies: chosen.map { known.latencies[$0] / middle })
    let scales = (0..<draws).map { _ in GroupScales(for: prior, using: &random) }
    let evidence = scales.map { problem.posterior($0, steps: 3).evidence }
    let weights = normalisedWeights(evidence, temperature: temperature)
    let all = scales.map(\.all)
    let mean = all[0].indices.map { i in all.indices.reduce(0) { $0 + weights[$1] * all[$1][i] } }
    let deviation = mean.indices.map { i in
      all.indices.reduce(0) { $0 + weights[$1] * pow(all[$1][i] - mean[i], 2) }.squareRoot()
    }
    return (mean, deviation.map { max($0, leastDeviation) })
  }

  /// Draws from one of the distributions.
  func draw(using random: inout RandomSource) -> GroupScales {
    let (mean, deviation) = random.pick(parts)
    var all = zip(mean, deviation).map { $0 + $1 * random.normal() }
    // The constant's is fixed.
    all[0] = 0
    return GroupScales(all)
  }
}

/// exp(evidence / temperature), with a sum of 1.
func normalisedWeights(_ evidence: [Double], temperature: Double = 1) -> [Double] {
  let most = evidence.max() ?? 0
  let weights = evidence.map { exp(($0 - most) / temperature) }
  let sum = weights.reduce(0, +)
  return weights.map { $0 / sum }
}
