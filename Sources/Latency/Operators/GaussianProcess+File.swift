import Foundation

extension GaussianProcess: Codable {
  /// Positions are written coordinate after coordinate, of those that are not always 0: their distinct values, in units of
  /// ``OperatorPosition/unit``, and for each position the place of its value among them, in as many bits as the last place
  /// has. Bits are filled from the lowest of the first byte on, and each coordinate begins with a byte of its own. Whole numbers of
  /// 16 bits and FP32 weights are little endian; all is base64.
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
    [wide.variance, narrow.variance, shared].allSatisfy { (0...1e3).contains($0) } && greatest > 1e-9
      && [wide.width, narrow.width].allSatisfy { (1e-3...1e6).contains($0) }
  }
}

extension Data {
  /// Whole numbers, little endian.
  fileprivate init(numbers: [some FixedWidthInteger]) {
    self.init(numbers.flatMap { number in Swift.withUnsafeBytes(of: number.littleEndian, Array.init) })
  }

  /// Adds places among some values, in as many bits as these need, and fills the last byte with zeros.
  fileprivate mutating func append(places: [Int], among values: Int) {
    let bits = Self.bits(values)
    var (waiting, held) = (0, 0)
    for place in places {
      waiting |= place << held
      held += bits
      while held >= 8 {
        append(UInt8(truncatingIfNeeded: waiting))
        (waiting, held) = (waiting >> 8, held - 8)
      }
    }
    if held > 0 { append(UInt8(truncatingIfNeeded: waiting)) }
  }

  /// Takes places among some values from the beginning; too few where there are not as many.
  fileprivate mutating func removePlaces(_ places: Int, among values: Int) -> [Int] {
    let bits = Self.bits(values)
    let size = (places * bits + 7) / 8
    guard count >= size else { return [] }
    var (waiting, held, bytes) = (0, 0, prefix(size).makeIterator())
    defer { self = Data(dropFirst(size)) }
    return (0..<places).map { _ in
      while held < bits, let byte = bytes.next() {
        waiting |= Int(byte) << held
        held += 8
      }
      defer { (waiting, held) = (waiting >> bits, held - bits) }
      return waiting & (1 << bits - 1)
    }
  }

  /// The bits of the greatest place among some values.
  private static func bits(_ values: Int) -> Int { Int.bitWidth - (values > 1 ? values - 1 : 0).leadingZeroBitCount }

  /// Whole numbers, little endian; bytes beyond the last whole one are left out.
  fileprivate func numbers<Number: FixedWidthInteger>(_ type: Number.Type) -> [Number] {
    let (bytes, size) = ([UInt8](self), Number.bitWidth / 8)
    return (0..<bytes.count / size).map { position in
      (0..<size).reduce(0) { $0 | Number(truncatingIfNeeded: bytes[position * size + $1]) << (8 * $1) }
    }
  }
}
