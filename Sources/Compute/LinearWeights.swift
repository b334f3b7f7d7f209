/// The weights of a linear layer, out × in, in one of the formats that use fewer bits than FP32.
public struct LinearWeights: Sendable {
  /// The number of results.
  public let columns: Int
  /// The length of the sums.
  public let depth: Int
  /// How they are stored, with the numbers.
  public let storage: Storage

  /// Numbers of one format, row after row of ``LinearWeights/depth``.
  public enum Storage: Sendable {
    /// Bits of BF16.
    case bf16([UInt16])
    /// Whole numbers, and a scale per row.
    case int8([Int8], scales: [Float])
    /// Whole numbers in −8 ... 7, and scales: per row one for each group of 32, the last of which may be shorter.
    case int4([Int8], scales: [Float])
  }

  /// Takes numbers as they are, for instance from a file.
  public init(columns: Int, depth: Int, storage: Storage) {
    (self.columns, self.depth, self.storage) = (columns, depth, storage)
    let (count, scales) =
      switch storage {
      case .bf16(let bits): (bits.count, 0)
      case .int8(let values, let scales): (values.count, scales.count - columns)
      case .int4(let values, let scales): (values.count, scales.count - columns * Self.groups(depth))
      }
    precondition(count == columns * depth, "\(columns) × \(depth) weights, not \(count)")
    precondition(scales == 0, "one scale for each row or group")
  }

  /// Rounds FP32 weights: symmetrically, so that the largest of a row or group becomes ±127 or ±7, to the nearest and
  /// ties to even.
  public init(rounding weights: [Float], columns: Int, depth: Int, format: LinearFormat) {
    let storage: Storage
    switch format {
    case .bf16: storage = .bf16(weights.map(Self.bits))
    case .int8:
      let (values, scales) = Self.rounded(weights, depth: depth, run: depth, largest: 127)
      storage = .int8(values, scales: scales)
    case .int4:
      let (values, scales) = Self.rounded(weights, depth: depth, run: LinearFormat.group, largest: 7)
      storage = .int4(values, scales: scales)
    }
    self.init(columns: columns, depth: depth, storage: storage)
  }

  /// The weight of one row and step in FP32.
  public func value(_ column: Int, _ step: Int) -> Float {
    let at = column * depth + step
    switch storage {
    case .bf16(let bits): return Self.number(bits[at])
    case .int8(let values, let scales): return scales[column] * Float(values[at])
    case .int4(let values, let scales):
      return scales[column * Self.groups(depth) + step / LinearFormat.group] * Float(values[at])
    }
  }

  /// A number rounded to BF16, to the nearest, ties to even.
  package static func inBF16(_ x: Float) -> Float { number(bits(x)) }

  private static func number(_ bits: UInt16) -> Float { Float(bitPattern: UInt32(bits) << 16) }

  static func groups(_ depth: Int) -> Int { (depth + LinearFormat.group - 1) / LinearFormat.group }

  /// A number's upper half, rounded to the nearest, ties to even; a NaN stays one.
  static func bits(_ x: Float) -> UInt16 {
    if x.isNaN { return UInt16(truncatingIfNeeded: x.bitPattern >> 16) | 64 }
    return UInt16(truncatingIfNeeded: (x.bitPattern + 0x7fff + (x.bitPattern >> 16 & 1)) >> 16)
  }

  /// Whole numbers and the scale of every run of `run` steps of a row.
  private static func rounded(
    _ weights: [Float], depth: Int, run: Int, largest: Float
  ) -> (values: [Int8], scales: [Float]) {
    var values = [Int8](repeating: 0, count: weights.count)
    var scales: [Float] = []
    for row in stride(from: 0, to: weights.count, by: depth) {
      for first in stride(from: row, to: row + depth, by: run) {
        let steps = first..<min(first + run, row + depth)
        let scale = steps.reduce(0) { max($0, abs(weights[$1])) } / largest
        scales.append(scale)
        guard scale > 0 else { continue }
        for i in steps {
          values[i] = Int8(max(-largest, min(largest, (weights[i] / scale).rounded(.toNearestOrEven))))
        }
      }
    }
    return (values, scales)
  }
}
