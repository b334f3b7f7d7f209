import Foundation

extension GaussianProcess: Codable {
  /// Positions are whole numbers of 16 bits, in units of ``OperatorPosition/unit``, for each coordinate that is not always 0,
  /// and weights FP32; both little endian, as base64.
  private enum CodingKeys: String, CodingKey { case wide, narrow, shared, coordinates, positions, weights }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let kernel = Kernel(
      wide: try container.decode(Kernel.Bell.self, forKey: .wide),
      narrow: try container.decode(Kernel.Bell.self, forKey: .narrow),
      shared: try container.decode(Double.self, forKey: .shared))
    let coordinates = try container.decode([Int].self, forKey: .coordinates)
    let positions = try container.decode(Data.self, forKey: .positions)
    let weights = try container.decode(Data.self, forKey: .weights).numbers(UInt32.self).map(Float.init(bitPattern:))
    guard coordinates.allSatisfy((0..<16).contains), positions.count == 2 * coordinates.count * weights.count,
      weights.allSatisfy(\.isFinite), kernel.isUsable
    else {
      throw DecodingError.dataCorruptedError(
        forKey: .positions, in: container, debugDescription: "every position has a weight, and numbers are finite")
    }
    let steps = positions.numbers(UInt16.self).map { Float(Int16(bitPattern: $0)) }
    let supports = weights.indices.map { support in
      var lanes = SIMD16<Float>.zero
      for (place, lane) in coordinates.enumerated() { lanes[lane] = steps[support * coordinates.count + place] }
      return OperatorPosition(OperatorPosition.unit * lanes)
    }
    self.init(kernel: kernel, supports: supports, weights: weights)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(kernel.wide, forKey: .wide)
    try container.encode(kernel.narrow, forKey: .narrow)
    try container.encode(kernel.shared, forKey: .shared)
    let coordinates = (0..<16).filter { lane in supports.contains { $0.lanes[lane] != 0 } }
    try container.encode(coordinates, forKey: .coordinates)
    let steps = supports.flatMap { support in
      coordinates.map { UInt16(bitPattern: Int16(support.lanes[$0] / OperatorPosition.unit)) }
    }
    try container.encode(Data(numbers: steps), forKey: .positions)
    try container.encode(Data(numbers: weights.map(\.bitPattern)), forKey: .weights)
  }
}

extension GaussianProcess.Kernel {
  fileprivate var isUsable: Bool {
    [wide.variance, narrow.variance, shared].allSatisfy { $0.isFinite && $0 >= 0 } && greatest > 0
      && [wide.width, narrow.width].allSatisfy { $0.isFinite && $0 > 0 }
  }
}

extension Data {
  /// Whole numbers, little endian.
  fileprivate init(numbers: [some FixedWidthInteger]) {
    self.init(numbers.flatMap { number in Swift.withUnsafeBytes(of: number.littleEndian, Array.init) })
  }

  /// Whole numbers, little endian; bytes beyond the last whole one are left out.
  fileprivate func numbers<Number: FixedWidthInteger>(_ type: Number.Type) -> [Number] {
    let (bytes, size) = ([UInt8](self), Number.bitWidth / 8)
    return (0..<bytes.count / size).map { position in
      (0..<size).reduce(0) { $0 | Number(truncatingIfNeeded: bytes[position * size + $1]) << (8 * $1) }
    }
  }
}
