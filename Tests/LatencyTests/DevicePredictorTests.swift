import Diagnostics
import Foundation
import Latency
import Networks
import Tensors
import Testing

@Suite struct DevicePredictorTests {
  @Test("A roofline with noise is predicted within some percent, and better than a linear model does")
  func roofline() throws {
    // What leaves a cache takes longer, which no amount of work says.
    func withCache(_ networks: [MeasuredNetwork]) -> [MeasuredNetwork] {
      networks.map { network in
        var network = network
        for (i, features) in network.features.operators.enumerated() where features.terms[.read] > 1e5 {
          network.operators[i] *= 1.5
        }
        network.milliseconds = network.operators.reduce(0, +)
        return network
      }
    }
    let held = withCache(try measured(60, seed: 2, noise: 0))
    let predictor = try DevicePredictor.fit(withCache(measured(60, seed: 1)), provenance: testProvenance)
    let errors = try predictor.evaluated(on: held)
    #expect(errors.meanRelativeError < 0.03, "\(errors.meanRelativeError)")
    #expect(errors.within10 > 0.97)
    var linear = predictor.model
    linear.corrections = [:]
    let linearErrors = try held.map { network in
      abs(try linear.latency(of: network.features).milliseconds / network.milliseconds - 1)
    }
    #expect(linearErrors.reduce(0, +) / Double(held.count) > 1.5 * errors.meanRelativeError)
  }

  @Test("What operators take adds up to the network's latency")
  func operators() throws {
    let predictor = try DevicePredictor.fit(measured(40, seed: 9), provenance: testProvenance)
    for network in try measured(5, seed: 10) {
      let parts = try predictor.operators(of: network.features)
      let sum = parts.reduce(0) { $0 + $1.milliseconds }
      #expect(abs(sum / (try predictor.predict(network.features).milliseconds) - 1) < 1e-9)
      #expect(parts.map(\.node).prefix(network.operators.count) == network.features.operators.map(\.node)[...])
    }
  }

  @Test("Intervals cover about the fraction that they promise")
  func coverage() throws {
    var covered = 0.0
    for seed in 0..<4 as Range<UInt64> {
      let predictor = try DevicePredictor.fit(measured(40, seed: 20 + seed, noise: 0.05), provenance: testProvenance)
      covered += try #require(predictor.evaluated(on: measured(80, seed: 40 + seed, noise: 0.05)).intervalCoverage) / 4
    }
    #expect(covered > 0.84 && covered < 0.97, "\(covered)")
  }

  @Test("Where hours differ, intervals are as wide as errors in an hour of which nothing is known, and only there")
  func hours() throws {
    // Networks of a working set above the middle take longer in some hours than in others.
    func measured(_ hours: [Double], seed: UInt64) throws -> [MeasuredNetwork] {
      var networks = try self.measured(60 * hours.count, seed: seed)
      let middle = networks.map(\.features.workingSet).sorted()[networks.count / 2]
      for place in networks.indices {
        let hour = place / 60
        networks[place].time = Double(7200 * hour + 10 * (place % 60))
        let factor = networks[place].features.workingSet > middle ? hours[hour] : 1
        networks[place].milliseconds *= factor
        networks[place].operators = networks[place].operators.map { factor * $0 }
      }
      return networks
    }
    let other = try measured([1.12], seed: 33)
    let alike = try DevicePredictor.fit(measured([1, 1, 1], seed: 31), provenance: testProvenance)
    #expect(try #require(alike.interval.hourFactor) < 1.2)
    let different = try DevicePredictor.fit(measured([1, 1.12, 0.94], seed: 32), provenance: testProvenance)
    #expect(try #require(different.interval.hourFactor) > 1.2)
    #expect(try #require(different.evaluated(on: other).intervalCoverage) > 0.85)
    #expect(try DevicePredictor.fit(measured([1], seed: 34), provenance: testProvenance).interval.hourFactor == nil)
  }

  @Test("Some timings that are wrong by a factor hardly matter")
  func robust() throws {
    var networks = try measured(60, seed: 3)
    for network in stride(from: 0, to: 60, by: 12) {
      for i in networks[network].operators.indices { networks[network].operators[i] *= 5 }
    }
    let errors = try DevicePredictor.fit(networks, provenance: testProvenance).evaluated(
      on: measured(40, seed: 4, noise: 0))
    #expect(errors.meanRelativeError < 0.05, "\(errors.meanRelativeError)")
  }

  @Test("What networks with a larger working set take beyond the sum of their operators is learned from whole networks")
  func footprint() throws {
    let networks = try measured(80, seed: 5)
    let sizes = networks.map(\.features.workingSet).sorted()
    func slowed(_ networks: [MeasuredNetwork]) -> [MeasuredNetwork] {
      networks.map { network in
        var network = network
        network.milliseconds *= network.features.workingSet > sizes[40] ? 1.15 : 0.95
        return network
      }
    }
    let predictor = try DevicePredictor.fit(slowed(networks), provenance: testProvenance)
    let errors = try predictor.evaluated(on: slowed(measured(60, seed: 6, noise: 0)))
    #expect(errors.meanRelativeError < 0.06, "\(errors.meanRelativeError)")
    let (small, large) = (
      predictor.model.footprintFactor(workingSet: sizes[5]), predictor.model.footprintFactor(workingSet: sizes[75])
    )
    #expect(large > 1.05 * small)
  }

  @Test("What operators take more amid a larger working set is learned from their own times")
  func workingSet() throws {
    func slowed(_ networks: [MeasuredNetwork]) -> [MeasuredNetwork] {
      networks.map { network in
        var network = network
        let factor = 0.8 + 0.1 * max(0, log2(network.features.workingSet / 1e5))
        network.milliseconds *= factor
        network.operators = network.operators.map { factor * $0 }
        return network
      }
    }
    let predictor = try DevicePredictor.fit(slowed(measured(120, seed: 5)), provenance: testProvenance)
    let errors = try predictor.evaluated(on: slowed(measured(60, seed: 6, noise: 0)))
    #expect(errors.meanRelativeError < 0.05, "\(errors.meanRelativeError)")
  }

  @Test("The runtime's own time is linear in calls and bytes")
  func overhead() throws {
    func withOverhead(_ networks: [MeasuredNetwork]) -> [MeasuredNetwork] {
      networks.map { network in
        var network = network
        let bytes = network.features.operators.reduce(0) {
          $0 + ($1.category.group == "depthwise" ? $1.terms[.read] + $1.terms[.written] : 0)
        }
        network.overhead = 0.002 * Double(network.features.operators.count) + bytes / 20e6
        network.milliseconds += network.overhead
        return network
      }
    }
    let predictor = try DevicePredictor.fit(withOverhead(measured(60, seed: 7)), provenance: testProvenance)
    let errors = try predictor.evaluated(on: withOverhead(measured(40, seed: 8, noise: 0)))
    #expect(errors.meanRelativeError < 0.04, "\(errors.meanRelativeError)")
    #expect(!predictor.model.overheads.isEmpty)
  }

  @Test("What the runtime takes between operators depends on the kinds of both")
  func passings() throws {
    func slowed(_ networks: [MeasuredNetwork]) -> [MeasuredNetwork] {
      networks.map { network in
        var network = network
        network.passings = network.features.passings.map { passing in
          passing.origin.contains("hswish") && passing.kind.hasSuffix(">depthwise") ? 0.01 + passing.bytes / 10e6 : 0
        }
        network.milliseconds += network.passings.reduce(0, +)
        return network
      }
    }
    let predictor = try DevicePredictor.fit(slowed(measured(60, seed: 7)), provenance: testProvenance)
    let held = slowed(try measured(40, seed: 8, noise: 0))
    #expect(held.contains { $0.passings.reduce(0, +) > 0.2 * $0.milliseconds })
    #expect(try predictor.evaluated(on: held).meanRelativeError < 0.03)
    let read = try DevicePredictor.decode(predictor.encoded(), path: "file")
    #expect(read.model == predictor.model)
    let some = try #require(held[0].features.passings.first { $0.kind == "dense hswish>depthwise" })
    func passing(to kind: String) -> Passing {
      Passing(from: "dense hswish", to: kind, bytes: some.bytes, position: some.position)
    }
    let known = predictor.model.parts(of: passing(to: "depthwise"))
    #expect(abs(known.milliseconds - 0.01 - some.bytes / 10e6) < 1e-3 && known.doubt < 0.1 * known.milliseconds)
    let unknown = predictor.model.parts(of: passing(to: "whatever"))
    #expect(unknown.milliseconds > 0 && unknown.doubt == unknown.milliseconds)
  }

  @Test("A file keeps positions with more values than a byte can count")
  func manyValues() throws {
    let supports = (0..<700).map { number in
      var lanes = SIMD16<Float>.zero
      (lanes[0], lanes[3], lanes[9]) = (Float(number) - 350, Float(number % 7) / 64, Float(number / 256))
      return OperatorPosition(lanes)
    }
    let process = GaussianProcess(
      kernel: OperatorFit.operatorKernel, supports: supports, weights: supports.indices.map(Float.init))
    let data = try JSONEncoder().encode(process)
    #expect(try JSONDecoder().decode(GaussianProcess.self, from: data) == process)
  }

  @Test("Ten networks correct the predictor of a device that is another by a factor and a term")
  func correction() throws {
    let base = try DevicePredictor.fit(measured(60, seed: 9), provenance: testProvenance)
    func other(_ networks: [MeasuredNetwork]) -> [MeasuredNetwork] {
      networks.map { network in
        var network = network
        for (i, features) in network.features.operators.enumerated() {
          network.operators[i] *= features.category.group == "depthwise" ? 2.5 : 1.4
        }
        network.milliseconds = network.operators.reduce(0, +)
        return network
      }
    }
    let held = other(try measured(60, seed: 10, noise: 0))
    let corrected = try DevicePredictor.fit(
      other(measured(10, seed: 11)), bases: [base], provenance: testProvenance)
    #expect(try corrected.evaluated(on: held).meanRelativeError < 0.04)
    #expect(try base.evaluated(on: held).meanRelativeError > 0.2)
    let twoBases = try DevicePredictor.fit(
      other(measured(10, seed: 11)), bases: [base, corrected], provenance: testProvenance)
    #expect(try twoBases.evaluated(on: held).meanRelativeError < 0.04)
  }

  @Test("Ten networks tell of a device that is another by a power and a factor, before any correction")
  func power() throws {
    let base = try DevicePredictor.fit(measured(60, seed: 9), provenance: testProvenance)
    func other(_ networks: [MeasuredNetwork]) -> [MeasuredNetwork] {
      networks.map { network in
        var network = network
        network.operators = network.operators.map { 5 * pow($0, 1.2) }
        network.milliseconds = network.operators.reduce(0, +)
        return network
      }
    }
    let corrected = try DevicePredictor.fit(other(measured(10, seed: 11)), bases: [base], provenance: testProvenance)
    #expect(abs(corrected.model.scale / 5 - 1) < 0.1)
    var alone = corrected.model
    alone.corrections = [:]
    for network in other(try measured(20, seed: 12, noise: 0)) {
      #expect(abs(try alone.latency(of: network.features).milliseconds / network.milliseconds - 1) < 0.1)
    }
  }

  @Test("Kinds of operators that a source does not know are learned from the new device alone")
  func ignorantSource() throws {
    func holds(_ kind: String, _ network: MeasuredNetwork) -> Bool {
      network.features.operators.contains { $0.category.rawValue == kind }
    }
    let networks = try measured(400, seed: 9)
    let base = try DevicePredictor.fit(networks.filter { !holds("depthwise5", $0) }, provenance: testProvenance)
    let unknown = try #require(networks.first { holds("depthwise5", $0) })
    #expect(throws: Diagnostic.self) { try base.predict(unknown.features) }
    let knowing = try DevicePredictor.fit(Array(networks.prefix(60)), provenance: testProvenance)
    for bases in [[base], [base, knowing]] {
      let corrected = try DevicePredictor.fit(measured(20, seed: 11), bases: bases, provenance: testProvenance)
      let held = try measured(30, seed: 12, noise: 0)
      #expect(held.contains { holds("depthwise5", $0) })
      #expect(try corrected.evaluated(on: held).meanRelativeError < 0.08)
    }
  }

  @Test("An operator of a kind that was never measured is an error that names it")
  func unknownOperator() throws {
    let predictor = try DevicePredictor.fit(measured(20, seed: 12), provenance: testProvenance)
    var builder = NetworkBuilder(name: "strange")
    let image = try builder.input("image", [1, 16, 8, 8])
    let value = try builder.convolution("odd", image, .square(channels: 16, kernel: 9, groups: 16))
    let network = builder.network(outputs: [("y", value)])
    let error = try #require(throws: Diagnostic.self) { try predictor.predict(NetworkFeatures(of: network)) }
    #expect(error.place?.path == "odd" && error.value == "depthwise9")
  }

  @Test("The order of samples does not matter, and too few or unusable ones are refused")
  func samples() throws {
    let networks = try measured(24, seed: 13)
    let fitted = try DevicePredictor.fit(networks, provenance: testProvenance, seed: 3)
    #expect(try DevicePredictor.fit(networks.reversed(), provenance: testProvenance, seed: 3) == fitted)
    #expect(throws: Diagnostic.self) { try DevicePredictor.fit(Array(networks[..<19]), provenance: testProvenance) }
    #expect(throws: Diagnostic.self) {
      try DevicePredictor.fit(Array(networks[..<7]), bases: [fitted], provenance: testProvenance)
    }
    var silent = networks
    silent[3].operators = silent[3].operators.map { _ in 0 }
    #expect(throws: Diagnostic.self) { try DevicePredictor.fit(silent, provenance: testProvenance) }
    for unusable in [0, -1, Double.nan, .infinity] {
      #expect(throws: Diagnostic.self) {
        try MeasuredNetwork(
          key: "n", family: "f", features: networks[0].features, milliseconds: unusable, timings: ["a": 1])
      }
    }
  }

  @Test("A predictor survives being saved and loaded, bit for bit, also one with sources")
  func roundTrip() throws {
    let base = try DevicePredictor.fit(measured(20, seed: 14), provenance: testProvenance)
    let corrected = try DevicePredictor.fit(measured(10, seed: 15), bases: [base], provenance: testProvenance)
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("predictor-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    for predictor in [base, corrected] {
      try predictor.save(to: folder)
      #expect(try DevicePredictor.load(folder) == predictor)
    }
  }

  @Test(
    "A damaged number or word is an error that names its place",
    arguments: [
      ("\"version\":3", "\"version\":4", "version"),
      ("\"format\":\"quoin", "\"format\":\"other", "format"),
      ("\"coverage\":0.9", "\"coverage\":7", "interval"),
      ("\"log_half_width\":", "\"log_half_width\":-", "interval"),
      ("\"positions\":\"", "\"positions\":\"AAAA", "position"),
      ("\"positions\":\"", "\"positions\":\"?", "positions"),
      ("\"values\":[", "\"values\":[\"AAAA\",", "position"),
      ("\"values\":[", "\"values\":[], \"x\": [", "position"),
      ("\"weights\":\"", "\"weights\":\"AADAfwAAwH8AAMB/", "position"),
      ("\"macs\":", "\"macs\":-", "costs"),
      ("\"macs\":", "\"marcs\":", "marcs"),
      ("\"width\":4", "\"width\":0", "position"),
      ("\"corrections\":{", "\"corrections\":1, \"x\":{", "corrections"),
      ("\"corrections\":{", "\"scale\":0, \"corrections\":{", "costs"),
    ])
  func damaged(original: String, replacement: String, place: String) throws {
    let predictor = try DevicePredictor.fit(measured(20, seed: 16), provenance: testProvenance)
    let text = String(decoding: try predictor.encoded(), as: UTF8.self)
    let range = try #require(text.range(of: original))
    let error = try #require(throws: Diagnostic.self) {
      try DevicePredictor.decode(Data(text.replacingCharacters(in: range, with: replacement).utf8), path: "p.json")
    }
    #expect(error.category == .unusableFile && error.place?.file == "p.json")
    #expect(error.description.contains(place), "\(error)")
  }

  @Test("Numbers that no fit makes give an error, or a latency within bounds, and never one that is not finite")
  func absurd() throws {
    let predictor = try DevicePredictor.fit(measured(20, seed: 16), provenance: testProvenance)
    let text = String(decoding: try predictor.encoded(), as: UTF8.self)
    let network = try measured(1, seed: 18)[0].features
    let exact = try predictor.predict(network).milliseconds
    let huge = Data(repeating: 0x7e, count: 4 * 1000).base64EncodedString()
    for (original, replacement) in [
      ("\"novelty_factor\":", "\"novelty_factor\":1e300, \"x\":"),
      ("\"novelty_factor\":", "\"hour_factor\":0.5, \"novelty_factor\":"),
      ("\"log_half_width\":", "\"log_half_width\":1e3"),
      ("\"macs\":", "\"macs\":1e300, \"x\":"), ("\"width\":4", "\"width\":1e-200"),
      ("\"variance\":0.25", "\"variance\":1e300"),
    ] {
      let damaged = Data(text.replacingOccurrences(of: original, with: replacement).utf8)
      #expect(throws: Diagnostic.self) { try DevicePredictor.decode(damaged, path: "p.json").predict(network) }
    }
    let heavy = try DevicePredictor.decode(Data(Self.heavy(text, huge).utf8), path: "p.json")
    let predicted = try heavy.predict(network).milliseconds
    #expect(predicted.isFinite && predicted <= exp(4) * exact * 10)
  }

  /// The text with other weights: as many as there were, each from `bytes`.
  private static func heavy(_ text: String, _ bytes: String) -> String {
    var parts = text.components(separatedBy: "\"weights\":\"")
    for place in parts.indices.dropFirst() {
      guard let end = parts[place].firstIndex(of: "\"") else { continue }
      let count = Data(base64Encoded: String(parts[place][..<end]))?.count ?? 0
      let raw = Data(base64Encoded: bytes)?.prefix(count).base64EncodedString() ?? ""
      parts[place] = raw + parts[place][end...]
    }
    return parts.joined(separator: "\"weights\":\"")
  }

  @Test("Neither truncation nor sources within sources without end crash the reader")
  func hostile() throws {
    let data = try DevicePredictor.fit(measured(20, seed: 17), provenance: testProvenance).encoded()
    for length in stride(from: 0, to: data.count - 2, by: data.count / 40) {
      #expect(throws: Diagnostic.self) { try DevicePredictor.decode(data.prefix(length), path: "p.json") }
    }
    let text = String(decoding: data, as: UTF8.self)
    let model =
      "{\"coefficients\":{},\"corrections\":{},\"overheads\":{},\"sources\":[{\"name\":\"a\",\"share\":1,\"model\":"
    let start = try #require(text.range(of: "\"model\":")).upperBound
    for depth in [5, 50, 400] {
      let nested = String(repeating: model, count: depth) + "{}" + String(repeating: "}]}", count: depth)
      let rest =
        String(text[..<start]) + nested + ","
        + String(text[try #require(text.range(of: "\"provenance\"")).lowerBound...])
      let error = try #require(throws: Diagnostic.self) {
        try DevicePredictor.decode(Data(rest.utf8), path: "p.json")
      }
      if depth == 50 { #expect("\(error)".contains("nested too deeply"), "\(error)") }
    }
  }

  @Test("An interval grows with novelty where errors do, and only there")
  func interval() {
    var random = RandomSource(seed: 18)
    let same = (0..<400).map { _ in (log: 0.05 * random.normal(), novelty: random.uniform()) }
    #expect(ScaledInterval(errors: same, wanted: same, coverage: 0.9).noveltyFactor < 0.6)
    let growing = (0..<400).map { _ in
      let novelty = random.uniform()
      return (log: 0.02 * (1 + 5 * novelty) * random.normal(), novelty: novelty)
    }
    let interval = ScaledInterval(errors: growing, wanted: growing, coverage: 0.9)
    #expect((2...12).contains(interval.noveltyFactor))
    let covered = growing.count { abs($0.log) <= interval.logHalfWidth(novelty: $0.novelty) }
    #expect((360...364).contains(covered))
  }

  /// Networks whose operators take what a roofline says, with noise on every operator.
  private func measured(_ count: Int, seed: UInt64, noise: Double = 0.02) throws -> [MeasuredNetwork] {
    var random = RandomSource(seed: seed)
    let device = SyntheticDevice()
    return try (0..<count).map { number in
      let network = try SyntheticDevice.network(&random)
      let features = NetworkFeatures(of: network)
      let timings = features.operators.map { ($0.node, device.milliseconds($0) * exp(noise * random.normal())) }
      return try MeasuredNetwork(
        key: "n\(number)", family: "random", features: features, milliseconds: timings.reduce(0) { $0 + $1.1 },
        timings: Dictionary(uniqueKeysWithValues: timings))
    }
  }
}
