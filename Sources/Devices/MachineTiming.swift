import Compute

/// A measurement on this machine: its turn among others, pinned threads, calibrations between blocks of runs.
struct MachineTiming {
  /// Runs a network until as many milliseconds have passed, at most so often, and returns the milliseconds of every run.
  typealias Block = (_ milliseconds: Double, _ atMost: Int) throws -> [Double]

  /// The number of threads that the network runs on, and that calibrations are made on.
  let threads: Int
  /// The level of the calibrations' kernels.
  let isa: ISA
  /// How the network is timed.
  let rules: MeasurementProtocol
  /// What to do between runs and a calibration, such as waiting until another process sleeps.
  var beforeCalibration: @Sendable () -> Void = {}

  /// Measures.
  ///
  /// - Parameter prepare: makes what runs the network, on the thread that it will run on, which stays on the first processor.
  ///   The pool's other threads stay on one processor each.
  /// - Throws: what `prepare` and the runs throw, or ``Diagnostic`` where other measurements keep the machine busy.
  func run(_ prepare: @escaping @Sendable (ThreadPool) throws -> Block) throws -> RepeatedTiming {
    // All devices of a machine share its processors, so they share one lock.
    let turn = try DeviceLock("cpu")
    var references = CalibrationReference(turn)
    let kind = "\(threads)t \(isa.rawValue)"
    let known = references.fastest(kind)
    let (timing, reference) = try onPinnedThread { [self] in
      let pool = ThreadPool(threads: threads, pinned: true)
      let calibrator = Calibrator(pool: pool, isa: isa)
      var reference = known
      let timing = try rules.measure(
        reference: &reference, block: try prepare(pool),
        calibrate: {
          beforeCalibration()
          return calibrator.measure()
        }, now: { Double(MonotonicClock.nanoseconds) / 1e6 })
      return (timing, reference)
    }
    if let reference { references.keep(reference, of: kind, in: turn) }
    _ = consume turn
    return timing
  }
}
