import Devices
import Tensors
import Testing

@Suite struct MeasurementProtocolTests {
  private let rules = MeasurementProtocol(
    warmUpRuns: 3, minimumRuns: 20, maximumRuns: 1_000, timeLimit: 500, precision: 0.02,
    blockMilliseconds: 10,
    disturbance: 0.1, patience: 60)

  @Test("A steady machine is done after the fewest runs, and the warm-up is not counted")
  func steady() {
    let script = Script { $0 <= 3 ? 50 : 1 }
    let timing = script.measured(by: rules)
    #expect(timing.ending == .precise)
    // Three blocks of ten runs, the first run of each left out.
    #expect(timing.milliseconds.count == 27)
    #expect(timing.milliseconds.allSatisfy { $0 == 1 })
    #expect(!timing.disturbed && timing.discardedBlocks == 0)
    #expect(timing.summary.median == 1)
  }

  @Test("Noise is averaged until the median's interval is narrow")
  func noisy() {
    let random = Random(seed: 1)
    let script = Script { _ in 1 + 0.2 * random.uniform() }
    let timing = script.measured(by: rules)
    #expect(timing.ending == .precise)
    #expect(timing.milliseconds.count > 20)
    #expect(timing.relativeHalfWidth <= 0.02)
    // Faster blocks weigh a little more.
    #expect(abs(timing.summary.median - 1.1) < 0.045)
  }

  @Test("When the time is spent, what there is counts, with the width that it has")
  func timeLimit() {
    let script = Script { $0 % 2 == 0 ? 1 : 9 }
    let timing = script.measured(by: rules)
    #expect(timing.ending == .timeLimit)
    #expect(timing.relativeHalfWidth > 0.02)
    let spent = timing.milliseconds.reduce(0, +)
    #expect(spent > 350 && spent < 530)
    #expect(!timing.disturbed)
  }

  @Test("The fewest runs are made even when they take longer than the time limit")
  func slowNetwork() {
    let random = Random(seed: 2)
    let script = Script { _ in 100 + 50 * random.uniform() }
    let timing = script.measured(by: rules)
    #expect(timing.milliseconds.count == 20)
    #expect(timing.ending == .timeLimit)
  }

  @Test("A clock that stands still ends at the run limit")
  func noTime() {
    var rules = rules
    rules.precision = 0
    var count = 0.0
    var reference: Calibration?
    let timing = rules.measure(
      reference: &reference,
      block: { milliseconds, limit in
        MeasurementProtocol.block(milliseconds, atMost: limit) {
          count += 1
          return count.truncatingRemainder(dividingBy: 2) * 1e-9
        }
      }, calibrate: { _ in Calibration(additions: 1e-12, cache: 1e-12) }, now: { 0 })
    #expect(timing.ending == .runLimit)
    #expect(timing.milliseconds.count == 1_000)
  }

  @Test("A disturbed stretch is discarded and measured again")
  func disturbedStretch() {
    let script = Script { _ in 1 }
    script.slowness = { 20...60 ~= $0 ? 2 : 1 }
    let timing = script.measured(by: rules)
    #expect(timing.ending == .precise)
    #expect(timing.discardedBlocks > 0)
    #expect(timing.milliseconds.allSatisfy { $0 == 1 })
    #expect(!timing.disturbed)
  }

  @Test("Blocks in which the network is slower than its own pace do not count, whatever calibrations say")
  func ownPace() {
    let random = Random(seed: 5)
    // A neighbour slows the network but for runs 30 to 59, 150 to 179, …, and never a calibration.
    let script = Script { run in
      let steady = 1 + 0.01 * random.uniform()
      return run / 30 % 4 == 1 ? steady : steady * (1.3 + 0.2 * random.uniform())
    }
    let timing = script.measured(by: rules)
    #expect(timing.ending == .precise && !timing.disturbed)
    #expect(timing.discardedBlocks >= 2)
    #expect(timing.summary.median < 1.02)
  }

  @Test("Where no pace is kept for the fewest runs, the fastest blocks make them up")
  func noPace() {
    // Every run is slower than the one before.
    let script = Script { 20 * (1 + 0.1 * Double($0)) }
    let timing = script.measured(by: rules)
    #expect(timing.ending == .timeLimit && !timing.disturbed)
    #expect(timing.milliseconds.count == rules.minimumRuns)
  }

  @Test("A machine that calms down later makes the first blocks count as disturbed")
  func calmsDown() {
    var rules = rules
    rules.precision = 0
    rules.patience = 200
    let random = Random(seed: 4)
    let script = Script { _ in 1 + 0.01 * random.uniform() }
    script.slowness = { $0 < 100 ? 3 : 1 }
    let timing = script.measured(by: rules)
    #expect(timing.ending == .timeLimit && !timing.disturbed)
    #expect(timing.milliseconds.allSatisfy { $0 < 2 })
    #expect(timing.discardedBlocks > 2)
  }

  @Test("A machine that never calms down is waited for so long, then measured all the same, and marked")
  func neverCalm() {
    let random = Random(seed: 3)
    let script = Script { _ in 1 + random.uniform() }
    let timing = script.measured(by: rules, reference: Calibration(additions: 0.25, cache: 0.25))
    #expect(timing.ending == .disturbed)
    #expect(timing.disturbed && timing.summary.disturbed)
    #expect(timing.milliseconds.count >= rules.minimumRuns)
    #expect(script.calibrations > 20)
    #expect(script.runs < 100)
  }

  @Test("No run is wasted while the machine is disturbed: the next block waits for a calm calibration")
  func waits() {
    let script = Script { _ in 1 }
    // The machine is busy from the 3rd to the 20th calibration, whatever the network does.
    script.calibrationByCall = { call in (3...12).contains(call) ? 2 : 1 }
    let timing = script.measured(by: rules)
    #expect(timing.ending == .precise && !timing.disturbed)
    #expect(timing.discardedBlocks == 1)
    #expect(script.runs == 3 + 10 + 30)
  }

  @Test("Either piece of a calibration shows a disturbance", arguments: [(2.0, 1.0), (1.0, 2.0)])
  func eitherPiece(additions: Double, cache: Double) {
    let calm = Calibration(additions: 1, cache: 1)
    #expect(Calibration(additions: additions, cache: cache).slowdown(over: calm) == 1)
    #expect(calm.slowdown(over: Calibration(additions: additions, cache: cache)) == 0)
  }

  @Test("Threads that hand over slowly are apart; fast handovers count only where additions are fast, too")
  func handovers() {
    let together = Calibration(additions: 1, cache: 1, handovers: 1)
    #expect(Calibration(additions: 1, cache: 1, handovers: 2).slowdown(over: together) <= 0)
    #expect(Calibration(additions: 1, cache: 1, handovers: 4).slowdown(over: together) > 0.2)
    let onOneCore = Calibration(additions: 1.9, cache: 1.3, handovers: 0.3)
    #expect(together.fastest(onOneCore) == together && onOneCore.fastest(together) == together)
    #expect(together.fastest(Calibration(additions: 1.1, cache: 1, handovers: 0.9)).handovers == 0.9)
  }

  @Test("The fastest calibration is handed on to the next measurement")
  func reference() {
    let script = Script { _ in 1 }
    script.calibrationByCall = { call in call == 3 ? 0.95 : 1 }
    var reference: Calibration? = Calibration(additions: 2, cache: 0.45)
    _ = script.measured(by: rules, reference: &reference)
    #expect(reference == Calibration(additions: 0.475, cache: 0.45))
  }

  @Test("Slow networks are warmed up by fewer runs")
  func shortWarmUp() {
    var rules = rules
    rules.warmUpRuns = 10
    let script = Script { _ in 150 }
    let timing = script.measured(by: rules)
    #expect(script.runs == 2 + timing.milliseconds.count)
  }

  @Test("Whoever waits is told whether neighbours or the threads' places are the matter", arguments: [true, false])
  func whatIsTheMatter(apart: Bool) {
    var reference: Calibration? = Calibration(additions: 1, cache: 1, handovers: 1)
    var seen: [Disturbance?] = []
    _ = rules.measure(
      reference: &reference, block: { MeasurementProtocol.block($0, atMost: $1) { 1 } },
      calibrate: { disturbance in
        seen.append(disturbance)
        let isCalm = seen.count > 5
        return Calibration(
          additions: isCalm || apart ? 1 : 2, cache: 1, handovers: isCalm || !apart ? 1 : 10)
      }, now: { 0 })
    let matter: Disturbance = apart ? .threadsApart : .neighbours
    #expect(seen.indices.allSatisfy { seen[$0] == (2..<6 ~= $0 ? matter : nil) })
    #expect(seen.count > 6)
  }

  @Test("An error of the network ends the measurement")
  func failure() {
    struct Broken: Error {}
    var reference: Calibration?
    #expect(throws: Broken.self) {
      try rules.measure(
        reference: &reference, block: { _, _ in throw Broken() },
        calibrate: { _ in Calibration(additions: 1, cache: 1) }, now: { 0 })
    }
  }
}

@Suite struct MedianIntervalTests {
  @Test(
    "The ranks are those of the binomial table", arguments: [(6, 0), (9, 1), (20, 5), (50, 17), (100, 39)])
  func table(count: Int, rank: Int) throws {
    // Ranks from zero: for 20 values the interval reaches from the 6th to the 15th.
    let interval = try #require(MedianInterval(sorted: (0..<count).map(Double.init)))
    #expect(interval.lower == Double(rank))
    #expect(interval.upper == Double(count - 1 - rank))
  }

  @Test("Under six values say too little", arguments: 0..<6)
  func tooFew(count: Int) {
    #expect(MedianInterval(sorted: (0..<count).map(Double.init)) == nil)
  }

  @Test("Exact ranks and the approximation for many values meet")
  func seam() throws {
    let exact = try #require(MedianInterval(sorted: (0..<500).map(Double.init)))
    let approximate = try #require(MedianInterval(sorted: (0..<501).map(Double.init)))
    #expect(abs(exact.lower - approximate.lower) <= 1)
  }

  @Test("The interval holds the median of the distribution in at least 95 of 100 cases", arguments: [11, 40])
  func coverage(count: Int) throws {
    var random = RandomSource(seed: UInt64(count))
    var held = 0
    for _ in 0..<2_000 {
      // A skewed distribution whose median is 1/4.
      let values = (0..<count).map { _ in random.uniform() }.map { $0 * $0 }.sorted()
      let interval = try #require(MedianInterval(sorted: values))
      if interval.lower <= 0.25 && 0.25 <= interval.upper { held += 1 }
    }
    #expect(held >= 1_890)
  }
}

/// A machine whose timings are a function of the number of the run, and everything of how busy it is at the time.
private final class Script {
  private let timing: (Int) -> Double
  /// By which factor everything takes longer at a time.
  var slowness: (Double) -> Double = { _ in 1 }
  /// By which factor a calibration takes longer, by its number.
  var calibrationByCall: ((Int) -> Double)?
  private(set) var runs = 0
  private(set) var calibrations = 0
  /// The sum of all times so far.
  private var now = 0.0

  init(_ timing: @escaping (Int) -> Double) { self.timing = timing }

  func measured(by rules: MeasurementProtocol, reference: Calibration? = nil) -> RepeatedTiming {
    var reference = reference
    return measured(by: rules, reference: &reference)
  }

  func measured(by rules: MeasurementProtocol, reference: inout Calibration?) -> RepeatedTiming {
    rules.measure(
      reference: &reference,
      block: { milliseconds, limit in MeasurementProtocol.block(milliseconds, atMost: limit, run: run) },
      calibrate: { _ in calibrate() }, now: { now })
  }

  private func run() -> Double {
    runs += 1
    return passed(timing(runs))
  }

  private func calibrate() -> Calibration {
    calibrations += 1
    let time = passed(calibrationByCall?(calibrations) ?? 1)
    return Calibration(additions: time / 2, cache: time / 2)
  }

  private func passed(_ calm: Double) -> Double {
    let time = calm * slowness(now)
    now += time
    return time
  }
}

/// A random source that closures can share.
private final class Random {
  private var source: RandomSource

  init(seed: UInt64) { source = RandomSource(seed: seed) }

  func uniform() -> Double { source.uniform() }
}
