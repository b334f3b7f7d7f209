import Foundation

extension GaussianProcess: Codable {
  /// Positions are written coordinate after coordinate, of those that are not always 0: their distinct values, in units of
  /// ``OperatorPosition/unit``, and for each position the place of its value among them, in one byte where there are no more
  /// than 256 values and two otherwise. Whole numbers of 16 bits and FP32 weights are little endian; all is base64.
  private enum CodingKeys: String, CodingKey { case wide, narrow, shared, coordinates, values, positions, weights }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    let kernel = Kernel(
      wide: try container.decode(Kernel.Bell.self, forKey: .wide),
      narrow: try container.decode(Kernel.Bell.self, forKey: .narrow),
      shared: try container.decode(Double.self, forKey: .shared))
    let coordinates = try container.decode([Int].self, forKey: .coordinates)
    let values = try container.decode([Data].self, forKey: .values).map { $0.numbers(UInt16.self) }
    var positions = try container.decode(Data.self, forKey: .positions)
    let weights = try container.decode(Data.self, forKey: .weights).numbers(UInt32.self).map(Float.init(bitPattern:))
    var supports = [SIMD16<Float>](repeating: .zero, count: weights.count)
    var isUsable = kernel.isUsable && weights.allSatisfy(\.isFinite) && values.count == coordinates.count
    for (lane, values) in zip(coordinates, values) where isUsable {
      let places = positions.removePlaces(weights.count, among: values.count)
      isUsable = places.count == weights.count && places.allSatisfy(values.indices.contains) && (0..<16).contains(lane)
      for (support, place) in places.enumerated() where isUsable {
        supports[support][lane] = Float(Int16(bitPattern: values[place]))
      }
    }
    guard isUsable, positions.isEmpty else {
      throw DecodingError.dataCorruptedError(
        forKey: .positions, in: container, debugDescription: "every position has a weight, and numbers are finite")
    }
    self.init(
      kernel: kernel, supports: supports.map { OperatorPosition(OperatorPosition.unit * $0) }, weights: weights)
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(kernel.wide, forKey: .wide)
    try container.encode(kernel.narrow, forKey: .narrow)
    try container.encode(kernel.shared, forKey: .shared)
    let coordinates = (0..<16).filter { lane in supports.contains { $0.lanes[lane] != 0 } }
    try container.encode(coordinates, forKey: .coordinates)
    let columns = coordinates.map { lane in
      supports.map { UInt16(bitPattern: Int16($0.lanes[lane] / OperatorPosition.unit)) }
    }
    let values = columns.map { Set($0).sorted() }
    try container.encode(values.map(Data.init(numbers:)), forKey: .values)
    let positions = zip(columns, values).reduce(into: Data()) { data, column in
      let places = Dictionary(uniqueKeysWithValues: column.1.enumerated().map { ($1, $0) })
      data.append(places: column.0.map { places[$0] ?? 0 }, among: column.1.count)
    }
    try container.encode(positions, forKey: .positions)
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

  /// Adds places among some values, in as many bytes as these need.
  fileprivate mutating func append(places: [Int], among values: Int) {
    append(values <= 256 ? Data(places.map(UInt8.init)) : Data(numbers: places.map(UInt16.init)))
  }

  /// Takes places among some values from the beginning; too few where there are not as many.
  fileprivate mutating func removePlaces(_ places: Int, among values: Int) -> [Int] {
    let size = values <= 256 ? 1 : 2
    guard count >= size * places else { return [] }
    let taken = Data(prefix(size * places))
    self = Data(dropFirst(size * places))
    return size == 1 ? taken.map(Int.init) : taken.numbers(UInt16.self).map(Int.init)
  }

  /// Whole numbers, little endian; bytes beyond the last whole one are left out.
  fileprivate func numbers<Number: FixedWidthInteger>(_ type: Number.Type) -> [Number] {
    let (bytes, size) = ([UInt8](self), Number.bitWidth / 8)
    return (0..<bytes.count / size).map { position in
      (0..<size).reduce(0) { $0 | Number(truncatingIfNeeded: bytes[position * size + $1]) << (8 * $1) }
    }
  }
}
