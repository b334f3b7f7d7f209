/// The blocks of a measurement under way.
///
/// A block lies between two calibrations and is as disturbed as the slower of them. The reference is the fastest
/// calibration so far, so that a measurement that starts on a disturbed machine finds out when the machine calms down, and
/// then discards its first blocks.
struct MeasurementLog {
  private struct Block {
    var timings: [Double]
    var calibration: Double
  }

  private let rules: MeasurementProtocol
  private var blocks: [Block] = []
  private var reference: Double
  private var lastCalibration: Double
  private var spent = 0.0
  /// All runs, counted or not.
  private(set) var runs = 0

  init(_ rules: MeasurementProtocol, reference: Double) {
    self.rules = rules
    self.reference = reference
    lastCalibration = reference
  }

  mutating func append(_ timings: [Double], calibration: Double) {
    blocks.append(Block(timings: timings, calibration: max(lastCalibration, calibration)))
    reference = min(reference, calibration)
    lastCalibration = calibration
    runs += timings.count
    spent += timings.reduce(calibration, +)
  }

  /// Why the measurement ends now, or `nil` where it goes on.
  var ending: RepeatedTiming.Ending? {
    let counted = self.counted
    if counted.count >= rules.minimumRuns, relativeHalfWidth(counted) <= rules.precision { return .precise }
    // Where the machine has just calmed down, going on helps.
    if discardedBlocks > rules.repeats && isDisturbed(lastCalibration) { return .disturbed }
    if runs >= rules.maximumRuns { return .runLimit }
    if spent >= rules.timeLimit && runs >= rules.minimumRuns { return .timeLimit }
    return nil
  }

  /// The undisturbed timings where there are enough of them, otherwise all, with the mark that they are disturbed.
  func result(_ ending: RepeatedTiming.Ending) -> RepeatedTiming {
    let isEnough = counted.count >= rules.minimumRuns
    let timings = isEnough ? counted : blocks.flatMap(\.timings)
    return RepeatedTiming(
      milliseconds: timings, ending: ending, discardedBlocks: isEnough ? discardedBlocks : 0,
      relativeHalfWidth: relativeHalfWidth(timings),
      disturbed: ending == .disturbed || (!isEnough && discardedBlocks > 0))
  }

  private var counted: [Double] { blocks.filter { !isDisturbed($0.calibration) }.flatMap(\.timings) }

  private var discardedBlocks: Int { blocks.count { isDisturbed($0.calibration) } }

  private func isDisturbed(_ calibration: Double) -> Bool {
    calibration > reference * (1 + rules.disturbance)
  }

  private func relativeHalfWidth(_ timings: [Double]) -> Double {
    MedianInterval(sorted: timings.sorted())?.relativeHalfWidth ?? .infinity
  }
}
