import Diagnostics
import Foundation
import Latency
import Networks
import Tensors
import Testing

@Suite struct LatencyPredictorTests {
  @Test("A linear device without noise is learned almost exactly")
  func linearDevice() throws {
    let quiet = SyntheticDevice(noise: 0, outliers: 0)
    let predictor = try LatencyPredictor.fit(
      SyntheticSamples(120, seed: 1, device: quiet, linear: true).training, provenance: testProvenance)
    let held = try SyntheticSamples(60, seed: 2, device: quiet, linear: true)
    #expect(try report(predictor, held).meanRelativeError < 0.003)
  }

  @Test("A roofline with noise and slow outliers is predicted within a few percent", arguments: [3, 4, 5])
  func noisyRoofline(seed: UInt64) throws {
    let predictor = try LatencyPredictor.fit(
      SyntheticSamples(80, seed: seed).training, provenance: testProvenance)
    let report = try report(predictor, SyntheticSamples(200, seed: 100 + seed))
    #expect(report.meanRelativeError < 0.03)
    #expect(try #require(report.spearman) > 0.98)
  }

  @Test("Under outliers the robust fit beats its own plain loss, and ordinary least squares by far")
  func againstLeastSquares() throws {
    let samples = try SyntheticSamples(100, seed: 6)
    let held = try SyntheticSamples(200, seed: 7)
    let robust = try LatencyPredictor.fit(samples.training, provenance: testProvenance)
    let plain = try LatencyPredictor.fit(
      samples.training, provenance: testProvenance, options: FittingOptions(thresholds: [.infinity]))
    let error = try report(robust, held).meanRelativeError
    #expect(try error < report(plain, held).meanRelativeError)
    #expect(error < ordinaryLeastSquaresError(samples.training, held) / 4)
  }

  @Test("Intervals cover about the fraction that they promise")
  func coverage() throws {
    var covered = 0.0
    for seed in 0..<6 as Range<UInt64> {
      let predictor = try LatencyPredictor.fit(
        SyntheticSamples(60, seed: 20 + seed).training, provenance: testProvenance,
        options: quick)
      let held = try SyntheticSamples(150, seed: 40 + seed)
      covered += try #require(predictor.evaluated(on: pairs(held, held.measured)).intervalCoverage) / 6
    }
    #expect(covered > 0.85 && covered < 0.96, "\(covered)")
  }

  @Test("No coefficient is negative, also where noise would make it so")
  func notNegative() throws {
    let noisy = SyntheticDevice(noise: 0.3, outliers: 0.1)
    let predictor = try LatencyPredictor.fit(
      SyntheticSamples(40, seed: 8, device: noisy).training, provenance: testProvenance)
    #expect(predictor.intercept >= 0)
    for category in predictor.coefficients.categories {
      for term in LatencyTerm.allCases { #expect(predictor.coefficients[category][term] >= 0) }
    }
  }

  @Test("Contributions of the nodes and the fixed part add up to the prediction, bit for bit")
  func additive() throws {
    var predictor = try LatencyPredictor.fit(
      SyntheticSamples(40, seed: 9).training, provenance: testProvenance, options: quick)
    let held = try SyntheticSamples(5, seed: 10)
    predictor = try predictor.corrected(by: pairs(held, held.exact.map { 1.2 * $0 }))
    for network in held.networks {
      let fused = network.fused()
      var sum = predictor.fixedMilliseconds
      for node in fused.nodes { sum += try predictor.contribution(of: node, in: fused) }
      #expect(sum == (try predictor.predict(network).milliseconds))
    }
  }

  @Test("An operator of a kind that was never measured is an error that names it")
  func unknownOperator() throws {
    let predictor = try LatencyPredictor.fit(
      SyntheticSamples(30, seed: 11).training, provenance: testProvenance, options: quick)
    var builder = NetworkBuilder(name: "strange")
    let image = try builder.input("image", [1, 16, 8, 8])
    let value = try builder.convolution("odd", image, .square(channels: 16, kernel: 9, groups: 16))
    let network = builder.network(outputs: [("y", value)])
    let error = try #require(throws: Diagnostic.self) { try predictor.predict(network) }
    #expect(error.place?.path == "odd")
    #expect(error.value == "depthwise9")
    #expect(error.nearest?.hasPrefix("depthwise") == true)
  }

  @Test("The same samples and seed give the same predictor")
  func deterministic() throws {
    let samples = try SyntheticSamples(40, seed: 12).training
    let options = FittingOptions(thresholds: [1.5], seed: 5)
    let first = try LatencyPredictor.fit(samples, provenance: testProvenance, options: options)
    let second = try LatencyPredictor.fit(samples, provenance: testProvenance, options: options)
    #expect(first == second)
  }

  @Test("Too few samples, and unusable ones, are refused with the reason")
  func refusals() throws {
    let samples = try SyntheticSamples(12, seed: 13).training
    let few = try #require(throws: Diagnostic.self) {
      try LatencyPredictor.fit(Array(samples.prefix(9)), provenance: testProvenance)
    }
    #expect(few.value == "9")
    for unusable in [0, -1, .nan, .infinity] {
      var samples = samples
      samples[3].milliseconds = unusable
      let error = try #require(throws: Diagnostic.self) {
        try LatencyPredictor.fit(samples, provenance: testProvenance)
      }
      #expect(error.place?.path == "n3")
    }
  }

  @Test("A correction draws predictions towards what whole networks took, within its trust")
  func correction() throws {
    let predictor = try LatencyPredictor.fit(
      SyntheticSamples(40, seed: 14).training, provenance: testProvenance, options: quick)
    let held = try SyntheticSamples(9, seed: 15)
    let slower = try held.networks.map { 1.3 * (try predictor.predict($0).milliseconds) }
    let corrected = try predictor.corrected(by: pairs(held, slower))
    #expect(abs(corrected.correction - pow(1.3, 9.0 / 12)) < 1e-9)
    let ratio =
      try corrected.predict(held.networks[0]).milliseconds / predictor.predict(held.networks[0]).milliseconds
    #expect(abs(ratio - corrected.correction) < 1e-9)
    #expect(try corrected.corrected(by: []).correction == corrected.correction)
  }

  @Test("Refitting adds samples, and a later sample of a key replaces the earlier one")
  func refit() throws {
    let samples = try SyntheticSamples(40, seed: 16).training
    let predictor = try LatencyPredictor.fit(
      Array(samples.prefix(30)), provenance: testProvenance, options: quick)
    let refitted = try predictor.refitted(adding: Array(samples.suffix(15)), options: quick)
    #expect(refitted.samples.count == 40)
    #expect(Set(refitted.samples.map(\.key)).count == 40)
    #expect(refitted.provenance == predictor.provenance)
  }
}

/// Nothing to choose, where a test is about something else.
private let quick = FittingOptions(ridges: [1e-4], thresholds: [1.5])

private func pairs(
  _ samples: SyntheticSamples, _ milliseconds: [Double]
) -> [(features: NetworkFeatures, milliseconds: Double)] {
  zip(samples.networks, milliseconds).map { (NetworkFeatures(of: $0), $1) }
}

private func report(_ predictor: LatencyPredictor, _ held: SyntheticSamples) throws -> ErrorReport {
  try predictor.evaluated(on: pairs(held, held.exact))
}

/// The mean relative error of least squares on absolute errors, without bounds, with one column per category and term.
private func ordinaryLeastSquaresError(_ training: [TrainingSample], _ held: SyntheticSamples) -> Double {
  let columns = Set(training.flatMap(\.features.categories)).flatMap { category in
    LatencyTerm.allCases.map { (category, $0) }
  }
  func row(_ features: FeatureTotals) -> [Double] { [1] + columns.map { features[$0.0][$0.1] / 1e6 } }
  let rows = training.map { row($0.features) }
  let size = columns.count + 1
  var gram = [Double](repeating: 0, count: size * size)
  var moment = [Double](repeating: 0, count: size)
  for (row, sample) in zip(rows, training) {
    for i in 0..<size {
      moment[i] += row[i] * sample.milliseconds
      for j in 0..<size { gram[i * size + j] += row[i] * row[j] }
    }
  }
  for i in 0..<size { gram[i * size + i] += 1e-9 }
  let solution = solvePositiveDefinite(&gram, moment)
  let predicted = held.networks.map { network in
    zip(row(NetworkFeatures(of: network).totals), solution).reduce(0) { $0 + $1.0 * $1.1 }
  }
  return ErrorReport(.heldOut, predicted: predicted, measured: held.exact).meanRelativeError
}
