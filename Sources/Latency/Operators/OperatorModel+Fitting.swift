import Foundation
import Networks
import Tensors

/// How operator models are fitted. The constants were chosen by cross-validation on the networks that predictors are
/// fitted on, never on those that they are tested on; see docs/PREDICTORS.md.
package enum OperatorFit {
  /// Likeness of operators of one group.
  package static let operatorKernel = GaussianProcess.Kernel(
    wide: .init(variance: 0.25, width: 4), narrow: .init(variance: 0.04, width: 1), shared: 0.01)
  /// Likeness of networks by their working sets.
  static let footprintKernel = GaussianProcess.Kernel(
    wide: .init(variance: 0.01, width: 2.5), narrow: .init(variance: 0, width: 1), shared: 0.0025)
  /// The standard deviation of an operator's timing: relative, and in milliseconds.
  static let (relativeNoise, clockNoise) = (0.04, 0.0005)
  /// The part of the noise's variance that timing an operator more often does not reduce.
  static let lastingNoise = 0.3
  /// The standard deviation of a network's relative error.
  static let networkNoise = 0.06
  /// Milliseconds that are added to an operator's before its relative error is taken, so that tiny ones do not count as
  /// much as large ones.
  static let offset = 0.002
  /// Likeness of what passes between operators of the same kinds.
  static let passingKernel = GaussianProcess.Kernel(
    wide: .init(variance: 0.16, width: 3), narrow: .init(variance: 0.02, width: 1), shared: 0.01)
  /// The standard deviation of what the runtime was seen to take between operators, relative to it.
  static let passingNoise = 0.1
  /// Milliseconds under which nothing is corrected, and of how many observations on a kind is.
  static let (leastPassing, fewestPassings) = (1e-4, 10)
  /// Milliseconds that are added to what the runtime takes between operators before its relative error is taken.
  static let passingOffset = 0.003
  /// Timings are taken for no less: a clock's resolution.
  static let shortest = 1e-4
  /// Logarithmic corrections beyond are taken for errors of measurement.
  static let greatestCorrection = 2.0
  static let regression = RobustRegression(ridge: 4e-4, threshold: 1.5)
  static let overheadRegression = RobustRegression(ridge: 4e-4, threshold: 2)
}

extension OperatorModel {
  /// The factor on whole networks by their working sets, from networks and the sums that were predicted without them.
  static func footprint(_ predicted: [(network: MeasuredNetwork, sum: Double)]) throws -> GaussianProcess {
    let observations = predicted.map { network, sum in
      GaussianProcess.Observation(
        position: OperatorPosition(size: network.features.workingSet),
        value: max(-0.5, min(0.5, log(network.milliseconds / sum))),
        noise: OperatorFit.networkNoise * OperatorFit.networkNoise)
    }
    return try GaussianProcess.fit(merged(observations), kernel: OperatorFit.footprintKernel)
  }

  /// Fits timed operators, and what the runtime takes for itself.
  ///
  /// - Parameters:
  ///   - sources: models of other devices in place of the linear one, for the categories that all of them know.
  ///   - scale: the factor on what they tell.
  /// - Throws: `Diagnostic` where OpenBLAS is not installed.
  package static func fit(
    _ networks: [MeasuredNetwork], sources: [Source] = [], scale: Double = 1
  ) throws -> OperatorModel {
    let timings = networks.flatMap { network in
      zip(network.features.operators, network.operators).lazy.filter { !$0.0.category.isGiven }.map {
        Timing(features: $0, milliseconds: max(OperatorFit.shortest, $1))
      }
    }
    var model = OperatorModel(sources: sources, scale: scale)
    for (category, timings) in Dictionary(grouping: timings, by: \.features.category) where !model.knows(category) {
      model.coefficients[category] = coefficients(timings)
    }
    for (group, timings) in Dictionary(grouping: timings, by: \.features.category.group) {
      model.corrections[group] = try correction(timings, to: model)
    }
    model.passings = passings(networks)
    model.passingCorrections = try passingCorrections(networks, to: model.passings)
    model.overheads = overheads(networks)
    return model
  }

  /// An operator and what it took.
  private struct Timing {
    var features: OperatorFeatures
    var milliseconds: Double
  }

  /// Milliseconds per unit of work of one category.
  private static func coefficients(_ timings: [Timing]) -> LatencyTerms {
    let used = LatencyTerm.allCases.filter { term in timings.contains { $0.features.terms[term] > 0 } }
    let rows = timings.map { timing in
      used.map { timing.features.terms[$0] / (timing.milliseconds + OperatorFit.offset) }
    }
    let solution = OperatorFit.regression.scaledCoefficients(
      rows, targets: timings.map { $0.milliseconds / ($0.milliseconds + OperatorFit.offset) })
    return zip(used, solution).reduce(into: LatencyTerms()) { $0[$1.0] = $1.1 }
  }

  /// The smooth factor of a group.
  private static func correction(_ timings: [Timing], to model: OperatorModel) throws -> GaussianProcess {
    let limit = OperatorFit.greatestCorrection
    // In an order of their own: dictionaries have none.
    let places = Dictionary(grouping: timings, by: \.features.position).values.sorted {
      $0[0].features.position.isBefore($1[0].features.position)
    }
    return try GaussianProcess.fit(
      places.map { timings in
        let milliseconds = median(timings.map(\.milliseconds))
        let base = try model.baseMilliseconds(of: timings[0].features)
        let (relative, clock) = (OperatorFit.relativeNoise, OperatorFit.clockNoise / milliseconds)
        let lasting = OperatorFit.lastingNoise
        return .init(
          position: timings[0].features.position, value: max(-limit, min(limit, log(milliseconds / base))),
          noise: (relative * relative + clock * clock) * (lasting + (1 - lasting) / Double(timings.count)))
      }, kernel: OperatorFit.operatorKernel)
  }

  /// What the runtime takes between operators, or nothing where no network shows any.
  private static func passings(_ networks: [MeasuredNetwork]) -> [String: PassingCost] {
    guard networks.contains(where: { $0.passings.contains { $0 > 0 } }) else { return [:] }
    let observed = networks.flatMap { Array(zip($0.features.passings, $0.passings)) }
    let kinds = Dictionary(grouping: observed, by: \.0.kind).merging(
      Dictionary(grouping: observed, by: \.0.origin)
    ) { kind, _ in kind }
    return kinds.merging(["": observed]) { kind, _ in kind }.mapValues { observed in
      let weights = observed.map { 1 / ($1 + OperatorFit.passingOffset) }
      let solution = OperatorFit.overheadRegression.scaledCoefficients(
        zip(observed, weights).map { [$1, $1 * $0.0.bytes] }, targets: zip(observed, weights).map { $1 * $0.1 })
      return PassingCost(call: shortened(solution[0]), byte: shortened(solution[1]))
    }
  }

  /// A number of six digits: no timing has more, and files of hundreds of kinds stay small.
  private static func shortened(_ number: Double) -> Double { Double(String(format: "%.6g", number)) ?? number }

  /// The smooth factors on what the runtime takes between operators, of the kinds where it takes anything.
  private static func passingCorrections(
    _ networks: [MeasuredNetwork], to costs: [String: PassingCost]
  ) throws -> [String: GaussianProcess] {
    let observed = networks.flatMap { Array(zip($0.features.passings, $0.passings)) }
    return try Dictionary(grouping: observed, by: \.0.kind).compactMapValues { observed in
      guard let cost = costs[observed[0].0.kind] else { return nil }
      let known = observed.filter { cost.milliseconds($0.0) > OperatorFit.leastPassing }
      let places = Dictionary(grouping: known, by: \.0.position).values.sorted {
        $0[0].0.position.isBefore($1[0].0.position)
      }
      if known.count < OperatorFit.fewestPassings { return nil }
      return try GaussianProcess.fit(
        places.map { same in
          let (milliseconds, tick) = (median(same.map(\.1)), passingTick)
          let base = cost.milliseconds(same[0].0)
          let (relative, clock) = (OperatorFit.passingNoise, OperatorFit.clockNoise / (milliseconds + tick))
          let (limit, lasting) = (OperatorFit.greatestCorrection, OperatorFit.lastingNoise)
          return .init(
            position: same[0].0.position,
            value: max(-limit, min(limit, log((milliseconds + tick) / (base + tick)))),
            noise: (relative * relative + clock * clock) * (lasting + (1 - lasting) / Double(same.count)))
        }, kernel: OperatorFit.passingKernel)
    }
  }

  /// What the runtime takes for itself elsewhere, or nothing where no network shows any.
  private static func overheads(_ networks: [MeasuredNetwork]) -> [String: Double] {
    guard networks.contains(where: { $0.overhead > 0 }) else { return [:] }
    let kinds = Set(networks.flatMap(\.features.runtimeWork.keys)).sorted()
    let rows = networks.map { network in
      kinds.map { network.features.runtimeWork[$0, default: 0] / network.milliseconds }
    }
    let solution = OperatorFit.overheadRegression.scaledCoefficients(
      rows, targets: networks.map { $0.overhead / $0.milliseconds })
    return zip(kinds, solution).reduce(into: [:]) { overheads, kind in
      if kind.1 > 0 { overheads[kind.0] = kind.1 }
    }
  }

  /// Observations of one position as one.
  private static func merged(_ observations: [GaussianProcess.Observation]) -> [GaussianProcess.Observation] {
    Dictionary(grouping: observations, by: \.position).values.map { same in
      .init(position: same[0].position, value: median(same.map(\.value)), noise: same[0].noise / Double(same.count))
    }.sorted { $0.position.isBefore($1.position) }
  }
}

extension OperatorPosition {
  /// A fixed order of positions.
  func isBefore(_ other: OperatorPosition) -> Bool {
    for lane in 0..<16 where lanes[lane] != other.lanes[lane] { return lanes[lane] < other.lanes[lane] }
    return false
  }
}

extension RobustRegression {
  /// The coefficients of rows whose columns are first divided by their root mean square, so that a ridge means the same for
  /// all of them; drawn towards 0.
  func scaledCoefficients(_ rows: [[Double]], targets: [Double]) -> [Double] {
    let columns = rows.first?.count ?? 0
    let scales = (0..<columns).map { column in
      let squares = rows.reduce(0) { $0 + $1[column] * $1[column] }
      return squares > 0 ? (squares / Double(rows.count)).squareRoot() : 1
    }
    let problem = LinearProblem(
      columns: columns, values: rows.flatMap { row in zip(row, scales).map { $0 / $1 } }, targets: targets)
    let solution = coefficients(of: problem, prior: [Double](repeating: 0, count: columns))
    return zip(solution, scales).map { $0 / $1 }
  }
}
