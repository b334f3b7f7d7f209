import Diagnostics
import Tensors

/// Which cells of a table a predictor may see, and which it is judged on: the protocol of HELP (Lee et al., "HELP:
/// Hardware-adaptive Efficient Latency Prediction for NAS via Meta-Learning", 2021) in general form.
///
/// Source devices are known in the first rows. Of a target device the reference rows are measured, and a few rows drawn
/// outside the test rows.
public struct TableSplit: Hashable, Sendable {
  /// Devices that are known well.
  public var sources: [String]
  /// Devices that are new.
  public var targets: [String]
  /// How many first rows of a source device are known.
  public var sourceSamples: Int
  /// Rows that are measured on every target device; where they lie among the test rows, they are not judged.
  public var references: [Int]
  /// How many further rows are drawn per target device.
  public var samples: Int
  /// The rows that predictions are judged on.
  public var testRows: Range<Int>

  /// Creates a split.
  public init(
    sources: [String], targets: [String], sourceSamples: Int, references: [Int], samples: Int, testRows: Range<Int>
  ) {
    self.sources = sources
    self.targets = targets
    self.sourceSamples = sourceSamples
    self.references = references
    self.samples = samples
    self.testRows = testRows
  }

  /// - Throws: ``Diagnostic`` that names what the table does not have.
  public func check(against table: LatencyTable) throws {
    func require(_ holds: Bool, _ problem: String, _ value: String? = nil, _ rule: String) throws {
      if !holds { throw Diagnostic(.usage, problem, value: value, rule: rule) }
    }
    for device in sources + targets where !table.devices.contains(device) {
      throw Diagnostic(
        .usage, "the table has no such device", value: device, rule: "it has \(table.devices.joined(separator: ", "))",
        nearest: nearestName(to: device, among: table.devices))
    }
    try require(!targets.isEmpty, "there is no device to test on", nil, "at least one device is new")
    if let both = targets.first(where: sources.contains) {
      try require(false, "a device is known and new", both, "a predictor never sees the test rows of a new device")
    }
    try require(
      !testRows.isEmpty && testRows.lowerBound >= 0 && testRows.upperBound <= table.rows, "the test rows lie outside",
      "\(testRows.lowerBound):\(testRows.upperBound)", "the table has rows 0 to \(table.rows - 1)")
    if let row = references.first(where: { !(0..<table.rows).contains($0) }) {
      try require(false, "a reference row cannot be used", "\(row)", "it is a row of the table")
    }
    try require(Set(references).count == references.count, "a reference row is named twice", nil, "each is named once")
    try require(
      sources.isEmpty || (1...table.rows).contains(sourceSamples), "the number of known rows cannot be used",
      "\(sourceSamples)", "it lies between 1 and \(table.rows)")
    try require(samples >= 0, "the number of samples cannot be used", "\(samples)", "it is not negative")
  }

  /// The rows that are measured on a target device in one repeat: the references, and random ones outside the test rows.
  func measuredRows(of table: LatencyTable, device: Int, using random: inout RandomSource) -> [Int] {
    let known = references.filter { table.latency($0, on: device) != nil }
    var free = (0..<table.rows).filter { row in
      !testRows.contains(row) && !references.contains(row) && table.latency(row, on: device) != nil
    }
    free = Array(random.shuffled(free).prefix(samples))
    return known + free
  }
}
