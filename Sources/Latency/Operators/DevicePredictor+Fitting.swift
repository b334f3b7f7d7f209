import Diagnostics
import Foundation
import Networks
import Tensors

extension DevicePredictor {
  /// The fewest networks that a predictor is fitted on.
  public static let fewestNetworks = 20
  /// The fewest networks that predictors of other devices are corrected by: of ten that are measured two may fail.
  public static let fewestCorrections = 8
  /// Where there are as many networks other than probes, intervals are for such networks: probes are made to be unlike each
  /// other, and harder to predict than anything that is used.
  private static let fewestForIntervals = 40
  /// Parts into which networks are divided to learn how wrong predictions are.
  private static let parts = 5

  /// Fits a predictor.
  ///
  /// - Parameters:
  ///   - bases: predictors of other devices to start from, so that ten or twenty networks are enough.
  ///   - progress: is told how many of the fits are done.
  /// - Throws: ``Diagnostic`` where there are too few networks, the device tells no operators' times, or what `progress`
  ///   throws.
  public static func fit(
    _ networks: [MeasuredNetwork], bases: [DevicePredictor] = [], provenance: PredictorProvenance,
    coverage: Double = 0.9,
    seed: UInt64 = 0, progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
  ) throws -> DevicePredictor {
    try check(networks, bases)
    // In an order of their own, so that a fit does not depend on the order of a database.
    let networks = networks.sorted { $0.key < $1.key }
    let folds = Folds(rows: networks.count, count: parts, seed: seed, purpose: "intervals")
    let hours = MeasuringHours.comparable(networks)
    // An hour is left out as a whole, and in two halves.
    let fits = folds.members.count + 1 + 3 * hours.count
    var done = 0
    func fitted(_ rows: some Sequence<Int>) throws -> OperatorModel {
      try progress(done, fits)
      done += 1
      return try Self.model(rows.map { networks[$0] }, bases)
    }
    let sums = try folds.members.indices.flatMap { fold in
      let others = try fitted(folds.rows(outside: fold))
      return folds.members[fold].compactMap { Unseen(networks[$0], by: others, part: fold) }
    }
    var model = try fitted(networks.indices)
    model.footprint = try OperatorModel.footprint(sums.map { ($0.network, $0.latency.milliseconds) })
    func predicted(_ places: [Int], from known: [Int]) throws -> [Unseen] {
      let keys = Set(known.map { networks[$0].key })
      var others = try fitted(known)
      others.footprint = try OperatorModel.footprint(
        sums.filter { keys.contains($0.network.key) }.map { ($0.network, $0.latency.milliseconds) })
      return places.compactMap { Unseen(networks[$0], by: others, part: 0) }
    }
    var random = RandomSource(seed: seed, purpose: "hours")
    let splits = hours.map { MeasuringHours.split($0, of: networks.count, using: &random) }
    let outside = try splits.flatMap { try predicted($0.hour, from: $0.others) }
    let beside = try splits.flatMap { try $0.halves.flatMap { try predicted($0.left, from: $0.known) } }
    let unseen = try Unseen.withFootprint(sums)
    var interval = interval(unseen, coverage)
    interval.hourFactor =
      MeasuringHours.factor(outside, beside: beside) ?? bases.compactMap(\.interval.hourFactor).max()
    try progress(fits, fits)
    return DevicePredictor(
      model: model, interval: interval, provenance: provenance, sampleCount: networks.count,
      error: ErrorReport(
        .crossValidation, predicted: unseen.map(\.latency.milliseconds), measured: unseen.map(\.network.milliseconds),
        intervalCoverage: covered(unseen, interval)))
  }

  private static func interval(_ unseen: [Unseen], _ coverage: Double) -> ScaledInterval {
    ScaledInterval(errors: unseen.map(\.error), wanted: wanted(unseen).map(\.error), coverage: coverage)
  }

  /// The networks that intervals are for.
  private static func wanted(_ unseen: [Unseen]) -> [Unseen] {
    let real = unseen.filter { $0.network.family != ProbeNetwork.family }
    return real.count >= fewestForIntervals ? real : unseen
  }

  /// The fraction of the networks that intervals are for that lies in them, where the other folds tell how wide they are.
  private static func covered(_ unseen: [Unseen], _ interval: ScaledInterval) -> Double {
    let wanted = wanted(unseen)
    let covered = Dictionary(grouping: wanted, by: \.part).reduce(0) { covered, fold in
      var others = ScaledInterval(
        errors: unseen.filter { $0.part != fold.key }.map(\.error),
        wanted: wanted.filter { $0.part != fold.key }.map(\.error), coverage: interval.coverage)
      others.hourFactor = interval.hourFactor
      return covered + fold.value.count { abs($0.error.log) <= others.logHalfWidth(novelty: $0.latency.novelty) }
    }
    return Double(covered) / Double(wanted.count)
  }

  private static func check(_ networks: [MeasuredNetwork], _ bases: [DevicePredictor]) throws {
    if let base = bases.first(where: { $0.model.depth >= OperatorModel.deepest }) {
      throw Diagnostic(
        .usage, "a predictor has been corrected too often", value: base.provenance.deviceName,
        rule: "corrections of corrections are at most \(OperatorModel.deepest)", remedy: "fit it anew without --base")
    }
    let isCorrection = !bases.isEmpty
    let fewest = isCorrection ? fewestCorrections : fewestNetworks
    guard networks.count >= fewest else {
      throw Diagnostic(
        .failure, "too few undisturbed samples to fit a latency predictor", value: "\(networks.count)",
        rule: "at least \(fewest) are needed" + (isCorrection ? "" : ", or \(fewestCorrections) with --base"),
        remedy: "measure more networks, or in a calmer hour")
    }
    for network in networks where network.operators.allSatisfy({ $0 == 0 }) {
      throw Diagnostic(
        .unusableFile, "a sample does not tell what its operators took", at: .init(path: network.key),
        rule: "the predictor is fitted on operators' times", remedy: "collect the samples again on a local device")
    }
  }

  private static func model(
    _ networks: [MeasuredNetwork], _ bases: [DevicePredictor]
  ) throws -> OperatorModel {
    guard !bases.isEmpty else { return try OperatorModel.fit(networks) }
    let (sources, scale) = try OperatorModel.sources(
      bases.map { ($0.provenance.deviceName, $0.model) }, for: networks)
    return try OperatorModel.fit(networks, sources: sources, scale: scale)
  }
}

extension OperatorModel {
  /// The shares of other devices' models with which they tell best what the operators of measured networks took, and the
  /// factor on what they tell.
  ///
  /// Shares are not negative. Devices of no use are left out, and operators that some device does not know play no part.
  static func sources(
    _ models: [(name: String, model: OperatorModel)], for networks: [MeasuredNetwork]
  ) throws -> (sources: [Source], scale: Double) {
    var (rows, targets): ([[Double]], [Double]) = ([], [])
    for network in networks {
      for (features, milliseconds) in zip(network.features.operators, network.operators)
      where milliseconds > 0 && models.allSatisfy({ $0.model.knows(features.category) }) {
        // Large operators count as much as the part of the network that they are.
        let weight = (milliseconds / network.milliseconds).squareRoot()
        let logs = try models.map { log(try $0.model.parts(of: features).milliseconds) }
        // The logarithm of the factor may be negative.
        rows.append((logs + [1, -1]).map { weight * $0 })
        targets.append(weight * log(max(OperatorFit.shortest, milliseconds)))
      }
    }
    let regression = RobustRegression(ridge: 1e-4, threshold: 1.5)
    let solution = regression.scaledCoefficients(rows, targets: targets)
    let useful = models.indices.filter { solution[$0] >= leastShare }.map { models[$0] }
    guard !useful.isEmpty else { return ([], 1) }
    // Without the others, shares and factor are not the same.
    guard useful.count == models.count else { return try sources(useful, for: networks) }
    let sources = zip(models, solution).map { Source(name: $0.name, share: $1, model: $0.model) }
    return (sources, exp(solution[models.count] - solution[models.count + 1]))
  }

  private static let leastShare = 0.02
}
