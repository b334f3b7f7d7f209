import Foundation
import Networks

/// The matrices of a predictor's regression.
///
/// Every row is divided by its sample's latency, so that all targets are 1 and residuals are relative errors; every
/// column is divided by its root mean square, so that a ridge means the same for all of them.
struct Design {
  /// One column per category and term that occurs, then the intercept.
  let fine: Table
  /// One column per term, then the intercept.
  let coarse: Table
  private let samples: [TrainingSample]

  /// A matrix with the meaning of its columns.
  struct Table {
    let columns: [Column]
    let scales: [Double]
    let problem: LinearProblem
  }

  /// What a column counts; the intercept has no term.
  struct Column: Hashable {
    var category: OperatorCategory?
    var term: LatencyTerm?
  }

  init(_ samples: [TrainingSample]) {
    self.samples = samples
    let categories = Set(samples.flatMap(\.features.categories)).sorted()
    let used = categories.flatMap { category in
      LatencyTerm.allCases.filter { term in samples.contains { $0.features[category][term] > 0 } }
        .map { Column(category: category, term: $0) }
    }
    let terms = LatencyTerm.allCases.filter { term in used.contains { $0.term == term } }
    fine = Table(used + [Column()], samples)
    coarse = Table(terms.map { Column(term: $0) } + [Column()], samples)
  }
}

extension Design.Table {
  init(_ columns: [Design.Column], _ samples: [TrainingSample]) {
    var values: [Double] = []
    for sample in samples {
      for column in columns { values.append(column.amount(in: sample) / sample.milliseconds) }
    }
    let scales = columns.indices.map { column in
      let squares = samples.indices.reduce(0.0) {
        $0 + values[$1 * columns.count + column] * values[$1 * columns.count + column]
      }
      return squares > 0 ? (squares / Double(samples.count)).squareRoot() : 1
    }
    for position in values.indices { values[position] /= scales[position % columns.count] }
    self.columns = columns
    self.scales = scales
    problem = LinearProblem(
      columns: columns.count, values: values, targets: Array(repeating: 1, count: samples.count))
  }
}

extension Design.Column {
  /// The amount of this column in a sample.
  func amount(in sample: TrainingSample) -> Double {
    guard let term else { return 1 }
    if let category { return sample.features[category][term] }
    return sample.features.categories.reduce(0) { $0 + sample.features[$1][term] }
  }
}

extension Design {
  /// Coefficients in milliseconds per unit of work.
  struct Model {
    var intercept = 0.0
    var coefficients = FeatureTotals()
  }

  /// Fits on all rows, or on some.
  func fit(_ regression: RobustRegression, rows: [Int]? = nil) -> Model {
    let prior = coarseCoefficients(regression.threshold, rows: rows)
    let problem = rows.map(fine.problem.rows) ?? fine.problem
    let solution = regression.coefficients(of: problem, prior: finePrior(prior))
    return model(solution, prior)
  }

  /// What every row is predicted to be by a fit without its fold, in milliseconds.
  func foldPredictions(_ regression: RobustRegression, _ folds: Folds) -> [Double] {
    var predicted = [Double](repeating: 0, count: samples.count)
    for fold in folds.members.indices {
      let model = fit(regression, rows: folds.rows(outside: fold))
      for row in folds.members[fold] { predicted[row] = model.milliseconds(of: samples[row].features) }
    }
    return predicted
  }

  /// The ridge and threshold with the least typical error in cross-validation.
  func chosenRecord(_ options: FittingOptions) -> FittingRecord {
    let folds = Folds(rows: samples.count, count: 5, seed: options.seed, purpose: "choice")
    var best: (error: Double, record: FittingRecord)?
    for threshold in options.thresholds {
      for ridge in options.ridges {
        let record = FittingRecord(ridge: ridge, threshold: threshold, seed: options.seed)
        let error = typicalError(foldPredictions(record.regression, folds))
        if error < best?.error ?? .infinity { best = (error, record) }
      }
    }
    // The options hold at least one of each, and an error is finite.
    return best?.record
      ?? FittingRecord(ridge: options.ridges[0], threshold: options.thresholds[0], seed: options.seed)
  }

  /// The mean relative error of the best nine tenths: what outliers say must not steer the choice.
  private func typicalError(_ predicted: [Double]) -> Double {
    let errors = zip(predicted, samples).map { abs($0 - $1.milliseconds) / $1.milliseconds }.sorted()
    let kept = errors.prefix(max(1, errors.count * 9 / 10))
    return kept.reduce(0, +) / Double(kept.count)
  }

  /// Milliseconds per unit of every term, all categories alike, by term; the intercept stands under `nil`.
  private func coarseCoefficients(_ threshold: Double, rows: [Int]?) -> [LatencyTerm?: Double] {
    let problem = rows.map(coarse.problem.rows) ?? coarse.problem
    let zeros = [Double](repeating: 0, count: coarse.columns.count)
    let solution = RobustRegression(ridge: 1e-6, threshold: threshold).coefficients(of: problem, prior: zeros)
    return Dictionary(
      uniqueKeysWithValues: coarse.columns.indices.map {
        (coarse.columns[$0].term, solution[$0] / coarse.scales[$0])
      })
  }

  private func finePrior(_ coarse: [LatencyTerm?: Double]) -> [Double] {
    fine.columns.indices.map { (coarse[fine.columns[$0].term] ?? 0) * fine.scales[$0] }
  }

  /// Undoes the scaling. Terms that a category's samples never held keep the coefficient of all categories alike.
  private func model(_ solution: [Double], _ coarse: [LatencyTerm?: Double]) -> Model {
    var model = Model()
    for (position, column) in fine.columns.enumerated() {
      guard let category = column.category, let term = column.term else {
        model.intercept = solution[position] / fine.scales[position]
        continue
      }
      if !model.coefficients.contains(category) {
        for term in LatencyTerm.allCases { model.coefficients[category][term] = coarse[term] ?? 0 }
      }
      model.coefficients[category][term] = solution[position] / fine.scales[position]
    }
    return model
  }
}

extension Design.Model {
  /// The latency of a network's total work; categories without coefficients add nothing.
  ///
  /// Only used inside cross-validation, where a fold may hold a category that the other folds lack.
  func milliseconds(of features: FeatureTotals) -> Double {
    features.categories.reduce(intercept) { $0 + features[$1].dot(coefficients[$1]) }
  }
}
