import Devices
import Tensors
import Testing

@Suite struct MeasurementProtocolTests {
  private let rules = MeasurementProtocol(
    warmUpRuns: 3, minimumRuns: 20, maximumRuns: 1_000, timeLimit: 500, precision: 0.02,
    blockMilliseconds: 10,
    disturbance: 0.1, repeats: 4)

  @Test("A steady machine is done after the fewest runs, and the warm-up is not counted")
  func steady() {
    let script = Script { $0 <= 3 ? 50 : 1 }
    let timing = rules.measure(run: script.run, calibrate: script.calibrate)
    #expect(timing.ending == .precise)
    #expect(timing.milliseconds.count == 20)
    #expect(timing.milliseconds.allSatisfy { $0 == 1 })
    #expect(!timing.disturbed && timing.discardedBlocks == 0)
    #expect(timing.summary.median == 1)
  }

  @Test("Noise is averaged until the median's interval is narrow")
  func noisy() {
    let random = Random(seed: 1)
    let script = Script { _ in 1 + 0.2 * random.uniform() }
    let timing = rules.measure(run: script.run, calibrate: script.calibrate)
    #expect(timing.ending == .precise)
    #expect(timing.milliseconds.count > 20)
    #expect(timing.relativeHalfWidth <= 0.02)
    #expect(abs(timing.summary.median - 1.1) < 0.03)
  }

  @Test("When the time is spent, what there is counts, with the width that it has")
  func timeLimit() {
    let script = Script { $0 % 2 == 0 ? 1 : 9 }
    let timing = rules.measure(run: script.run, calibrate: script.calibrate)
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
    let timing = rules.measure(run: script.run, calibrate: script.calibrate)
    #expect(timing.milliseconds.count == 20)
    #expect(timing.ending == .timeLimit)
  }

  @Test("A clock that stands still ends at the run limit")
  func noTime() {
    var rules = rules
    rules.precision = 0
    var count = 0.0
    let timing = rules.measure(
      run: {
        count += 1
        return count.truncatingRemainder(dividingBy: 2) * 1e-9
      }, calibrate: { 0 })
    #expect(timing.ending == .runLimit)
    #expect(timing.milliseconds.count == 1_000)
  }

  @Test("A disturbed stretch is discarded and measured again")
  func disturbedStretch() {
    // Runs 14 to 28 take twice as long, and so does the calibration meanwhile.
    let script = Script { (14...28).contains($0) ? 2 : 1 }
    script.calibration = { run in (14...28).contains(run) ? 2 : 1 }
    let timing = rules.measure(run: script.run, calibrate: script.calibrate)
    #expect(timing.ending == .precise)
    #expect(timing.discardedBlocks > 0)
    #expect(timing.milliseconds.allSatisfy { $0 == 1 })
    #expect(!timing.disturbed)
  }

  @Test("A machine that calms down later makes the first blocks count as disturbed")
  func calmsDown() {
    var rules = rules
    rules.precision = 0
    let script = Script { ($0 <= 40 ? 3 : 1) + 0.01 * Double($0 % 2) }
    script.calibration = { run in run <= 40 ? 3 : 1 }
    let timing = rules.measure(run: script.run, calibrate: script.calibrate)
    #expect(timing.ending == .timeLimit && !timing.disturbed)
    #expect(timing.milliseconds.allSatisfy { $0 < 2 })
    #expect(timing.discardedBlocks > rules.repeats)
  }

  @Test("A machine that never calms down ends after a bounded number of repeats, and is marked")
  func neverCalm() {
    let random = Random(seed: 3)
    let script = Script { _ in 1 + random.uniform() }
    // Undisturbed only while the reference is taken.
    script.calibration = { run in run <= 3 ? 1 : 1.5 }
    let timing = rules.measure(run: script.run, calibrate: script.calibrate)
    #expect(timing.ending == .disturbed)
    #expect(timing.disturbed && timing.summary.disturbed)
    #expect(!timing.milliseconds.isEmpty)
    #expect(script.runs < 100)
  }

  @Test("An error of the network ends the measurement")
  func failure() {
    struct Broken: Error {}
    #expect(throws: Broken.self) { try rules.measure(run: { throw Broken() }, calibrate: { 1 }) }
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

/// A machine whose timings are a function of the number of the run; calibrations ask for the last run's number.
private final class Script {
  private let timing: (Int) -> Double
  var calibration: (Int) -> Double = { _ in 1 }
  private(set) var runs = 0

  init(_ timing: @escaping (Int) -> Double) { self.timing = timing }

  func run() -> Double {
    runs += 1
    return timing(runs)
  }

  func calibrate() -> Double { calibration(runs) }
}

/// A random source that closures can share.
private final class Random {
  private var source: RandomSource

  init(seed: UInt64) { source = RandomSource(seed: seed) }

  func uniform() -> Double { source.uniform() }
}
