import Tensors

/// The blocks of a measurement under way.
///
/// A block lies between two calibrations and is as disturbed as the slower of them. The reference is the fastest
/// calibration known, so that a measurement that starts on a disturbed machine finds out when the machine calms down, and
/// then discards its first blocks.
struct MeasurementLog {
  private struct Block {
    var timings: [Double]
    var calibration: Calibration
    var milliseconds: Double
    var median: Double

    init(timings: [Double], calibration: Calibration, milliseconds: Double) {
      (self.timings, self.calibration, self.milliseconds) = (timings, calibration, milliseconds)
      median = timings.isEmpty ? .infinity : timings.sorted().medianOfSorted
    }
  }

  /// The part of calm blocks that says how fast the network is where nothing disturbs it.
  private static let undisturbedPart = 0.1

  private let rules: MeasurementProtocol
  private var blocks: [Block] = []
  private var lastCalibration: Calibration
  private var waited = 0.0
  /// The fastest calibration known.
  private(set) var reference: Calibration
  /// All runs, counted or not.
  private(set) var runs = 0

  init(_ rules: MeasurementProtocol, reference: Calibration, last: Calibration) {
    self.rules = rules
    self.reference = reference
    lastCalibration = last
  }

  /// Why a block that starts now would be discarded, where there is time left to wait for a better moment.
  var disturbance: Disturbance? {
    isDisturbed(lastCalibration) && lost < rules.patience ? lastCalibration.disturbance(over: reference) : nil
  }

  /// Takes a calibration that was made while waiting.
  mutating func wait(_ calibration: Calibration, milliseconds: Double) {
    waited += milliseconds
    take(calibration)
  }

  mutating func append(_ timings: [Double], calibration: Calibration, milliseconds: Double) {
    blocks.append(
      Block(timings: timings, calibration: lastCalibration.slowest(calibration), milliseconds: milliseconds))
    runs += timings.count
    take(calibration)
  }

  private mutating func take(_ calibration: Calibration) {
    reference = reference.fastest(calibration)
    lastCalibration = calibration
  }

  /// Why the measurement ends now, or `nil` where it goes on.
  var ending: RepeatedTiming.Ending? {
    let counted = self.counted
    let isEnough = counted.count >= rules.minimumRuns
    if isEnough, relativeHalfWidth(counted) <= rules.precision { return .precise }
    if runs >= rules.maximumRuns { return .runLimit }
    if isEnough, spent >= rules.timeLimit || lost >= rules.patience { return .timeLimit }
    if lost >= rules.patience, runs >= rules.minimumRuns { return .disturbed }
    return nil
  }

  /// The undisturbed timings where there are enough of them, otherwise those of all blocks, with the mark that they are
  /// disturbed.
  func result(_ ending: RepeatedTiming.Ending) -> RepeatedTiming {
    let isEnough = counted.count >= rules.minimumRuns
    let kept = inPace(isEnough ? calm : blocks)
    let timings = kept.flatMap(\.timings)
    return RepeatedTiming(
      milliseconds: timings, ending: ending, discardedBlocks: blocks.count - kept.count,
      relativeHalfWidth: relativeHalfWidth(timings), disturbed: !isEnough, lostMilliseconds: lost)
  }

  private var counted: [Double] { inPace(calm).flatMap(\.timings) }

  private var calm: [Block] { blocks.filter { !isDisturbed($0) } }

  /// The blocks in which the network was about as fast as in its fastest ones, and as many more, the fastest first, as make
  /// up the fewest runs.
  ///
  /// The work is the same in every run, so that a network is its own calibration: it notices what lies between two others.
  private func inPace(_ blocks: [Block]) -> [Block] {
    let fastest = blocks.sorted { $0.median < $1.median }
    guard !fastest.isEmpty else { return [] }
    let pace = fastest[Int(Self.undisturbedPart * Double(fastest.count - 1))].median
    var slowest = pace * (1 + rules.slackInPace)
    var runs = 0
    for block in fastest where runs < rules.minimumRuns {
      runs += block.timings.count
      slowest = max(slowest, block.median)
    }
    return blocks.filter { $0.median <= slowest }
  }

  /// Milliseconds of blocks between calm calibrations.
  private var spent: Double { blocks.reduce(0) { isDisturbed($1) ? $0 : $0 + $1.milliseconds } }

  /// Milliseconds that a disturbed machine has cost.
  private var lost: Double { blocks.reduce(waited) { isDisturbed($1) ? $0 + $1.milliseconds : $0 } }

  private func isDisturbed(_ block: Block) -> Bool { isDisturbed(block.calibration) }

  private func isDisturbed(_ calibration: Calibration) -> Bool {
    calibration.slowdown(over: reference) > rules.disturbance
  }

  private func relativeHalfWidth(_ timings: [Double]) -> Double {
    MedianInterval(sorted: timings.sorted())?.relativeHalfWidth ?? .infinity
  }
}
