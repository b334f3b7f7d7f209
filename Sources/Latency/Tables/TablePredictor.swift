import Diagnostics
import Foundation
import Tensors

/// Few-shot latency prediction for architectures of which only the encoding is known: what is learned from devices that
/// are known well, and carried over to a new one by a handful of measurements.
///
/// `docs/TRANSFER.md` describes the method and how its constants were chosen.
struct TablePredictor: Sendable {
  private let sources: SourceDevices
  private let prior: TransferPrior
  private let draws: [GroupScales]
  private let seed: UInt64
  /// By the number of measurements; they take long.
  private var sourceScores: [Int: [[Double]]] = [:]

  /// Guesses of the scales, and how many of them come from playing with the sources.
  private static let (drawCount, learnedShare) = (1000, 0.5)
  /// A source that is predicted as if it were new has at most as many measurements.
  private static let mostPlayed = 60

  /// Learns from the source devices, of which there may be none; then only the encoding helps.
  init(_ sources: SourceDevices, seed: UInt64 = 7) {
    self.sources = sources
    prior = TransferPrior(sources)
    self.seed = seed
    var random = RandomSource(seed: seed, purpose: "scales")
    let learned = LearnedScales(sources, using: &random)
    let share = learned.isEmpty ? 0 : Int(Self.learnedShare * Double(Self.drawCount))
    let prior = prior
    draws = (0..<Self.drawCount).map { number in
      number < share ? learned.draw(using: &random) : GroupScales(for: prior, using: &random)
    }
  }

  /// The model of a new device.
  ///
  /// - Parameter measured: The new device's measurements.
  /// - Throws: ``Diagnostic`` where nothing was measured.
  mutating func adapted(to measured: [(row: Int, latency: Double)]) throws -> TableModel {
    guard !measured.isEmpty else {
      throw Diagnostic(
        .usage, "nothing is measured on the new device", rule: "at least one row is",
        remedy: "give --references or --samples")
    }
    let count = min(measured.count, Self.mostPlayed)
    let scores = sourceScores[count] ?? playedScores(measurements: count)
    sourceScores[count] = scores
    var model = TableModel(prior, draws, measured)
    model.reach = Self.reach(model.leaveOneOutScores(), scores)
    return model
  }

  /// Every source device predicted from the others and from a number of its measurements: by how many standard
  /// deviations.
  private func playedScores(measurements: Int) -> [[Double]] {
    guard sources.count >= 3 else { return [] }
    let (plays, tested) = (2, 200)
    let half = stride(from: 0, to: draws.count, by: 2).map { draws[$0] }
    var random = RandomSource(seed: seed, purpose: "intervals")
    return sources.measured.map { device in
      let prior = TransferPrior(sources.only((0..<sources.count).filter { $0 != device }))
      let known = sources.known[device]
      return (0..<plays).flatMap { _ in
        let order = random.shuffled(Array(known.rows.indices))
        let measured = order.prefix(measurements).map { (row: known.rows[$0], latency: known.latencies[$0]) }
        let rest = order.dropFirst(measurements).prefix(tested)
        guard !rest.isEmpty else { return [Double]() }
        return TableModel(prior, half, measured)
          .scores(rows: rest.map { known.rows[$0] }, latencies: rest.map { known.latencies[$0] })
      }
    }
    .filter { !$0.isEmpty }
  }

  /// The weighted quantile of the new device's own scores and of the sources': few own measurements say little about
  /// the tails, so the sources speak too, as if they were `inherited` measurements.
  private static func reach(
    _ own: [Double], _ sources: [[Double]], level: Double = 0.9, inherited: Double = 80
  ) -> Double {
    guard !sources.isEmpty else { return conformalQuantile(own, level: level) }
    let count = Double(own.count)
    let ownShare = count / (count + inherited)
    var weighted = own.map { (score: $0, weight: ownShare / count) }
    for scores in sources {
      let weight = (1 - ownShare) / Double(sources.count) / Double(scores.count)
      weighted += scores.map { ($0, weight) }
    }
    weighted.sort { $0.score < $1.score }
    var sum = 0.0
    for (score, weight) in weighted {
      sum += weight
      if sum >= level { return score }
    }
    return weighted[weighted.count - 1].score
  }
}
