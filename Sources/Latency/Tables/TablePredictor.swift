import Diagnostics
import Foundation
import Tensors

/// Few-shot latency prediction for architectures of which only the encoding is known: what is learned from devices that
/// are known well, and carried over to a new one by a handful of measurements.
///
/// `docs/TRANSFER.md` describes the method and how its constants were chosen.
public struct TablePredictor: Sendable {
  private let sources: SourceDevices
  private let prior: TransferPrior
  private let draws: [GroupScales]
  private let seed: UInt64

  /// Guesses of the scales, and how many of them come from playing with the sources.
  private static let (drawCount, learnedShare) = (1000, 0.5)

  /// Learns from the source devices.
  ///
  /// - Parameters:
  ///   - devices: Devices of the table that are known well; may be empty, then only the encoding helps.
  ///   - rows: The rows in which these are known; cells without a value are left out.
  /// - Throws: ``Diagnostic`` where a device has no latency in these rows.
  public init(_ table: LatencyTable, sources devices: [String], rows: Range<Int>, seed: UInt64 = 7) throws {
    let known = try devices.map { name in
      guard let device = table.devices.firstIndex(of: name) else {
        throw Diagnostic(
          .usage, "the table has no such device", value: name, nearest: nearestName(to: name, among: table.devices))
      }
      let samples = rows.compactMap { row in table.latency(row, on: device).map { (row: row, latency: $0) } }
      guard !samples.isEmpty else {
        throw Diagnostic(.unusableFile, "a source device has no latencies in the known rows", value: name)
      }
      return samples
    }
    sources = SourceDevices(TableEncoding(table), known: known)
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

  /// The predictor of a new device.
  ///
  /// - Parameters:
  ///   - measured: The new device's measurements.
  ///   - scores: What `sourceScores` gives for as many measurements.
  /// - Throws: ``Diagnostic`` where nothing was measured.
  func adapted(to measured: [(row: Int, latency: Double)], scores: [[Double]]) throws -> TableModel {
    guard !measured.isEmpty else {
      throw Diagnostic(
        .usage, "nothing is measured on the new device", rule: "at least one row is",
        remedy: "give --references or --samples")
    }
    var model = TableModel(prior, draws, measured)
    model.reach = Self.reach(model.leaveOneOutScores(), scores)
    return model
  }

  /// Every source device predicted from the others and from a number of its measurements: by how many standard deviations.
  func sourceScores(measurements: Int) -> [[Double]] {
    guard sources.count >= 3 else { return [] }
    let (plays, tested) = (2, 200)
    let half = stride(from: 0, to: draws.count, by: 2).map { draws[$0] }
    var random = RandomSource(seed: seed, purpose: "intervals")
    return (0..<sources.count).map { device in
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

  /// The weighted quantile of the new device's own scores and of the sources': few own measurements say little about the
  /// tails, so the sources speak too, as if they were `inherited` measurements.
  private static func reach(
    _ own: [Double], _ sources: [[Double]], level: Double = 0.9, inherited: Double = 80
  ) -> Double {
    let count = Double(own.count)
    let ownShare = sources.isEmpty ? 1 : count / (count + inherited)
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
