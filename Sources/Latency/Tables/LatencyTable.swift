/// Latencies of architectures on several devices, where of an architecture only the values of its decisions are known:
/// data sets that were measured elsewhere.
public struct LatencyTable: Hashable, Sendable {
  /// A decision of an architecture.
  public struct Feature: Hashable, Sendable {
    /// The column's name.
    public var name: String
    /// What its values mean.
    public var kind: Kind

    /// What the values of a decision mean.
    public enum Kind: Hashable, Sendable {
      /// One of several kinds without an order; their names. A value is a position in this list.
      case categorical([String])
      /// A number, such as a size.
      case ordinal
    }

    /// Creates a feature.
    public init(name: String, kind: Kind) {
      self.name = name
      self.kind = kind
    }
  }

  /// What the latencies are measured in, such as `ms`.
  public let unit: String
  /// The decisions, in the order of the columns.
  public let features: [Feature]
  /// The number of architectures.
  public let rows: Int
  /// The devices with a column.
  public let devices: [String]
  /// The values of all decisions, row after row.
  private let values: [Double]
  /// The latencies, device after device; NaN where there is none.
  private let latencies: [Double]

  /// Creates a table.
  ///
  /// - Parameters:
  ///   - values: The values of all decisions, row after row.
  ///   - latencies: For every device a latency per row, NaN where it was not measured.
  /// - Precondition: every row has all values, every device has all rows.
  public init(unit: String = "ms", features: [Feature], values: [Double], devices: [String], latencies: [[Double]]) {
    precondition(!features.isEmpty && values.count % features.count == 0, "every row has all values")
    rows = values.count / features.count
    precondition(latencies.count == devices.count && latencies.allSatisfy { $0.count == values.count / features.count })
    self.unit = unit
    self.features = features
    self.values = values
    self.devices = devices
    self.latencies = latencies.flatMap { $0 }
  }

  /// The values of an architecture's decisions.
  public func architecture(_ row: Int) -> ArraySlice<Double> {
    values[row * features.count..<(row + 1) * features.count]
  }

  /// A latency, or `nil` where it was not measured.
  public func latency(_ row: Int, on device: Int) -> Double? {
    let latency = latencies[device * rows + row]
    return latency.isNaN ? nil : latency
  }
}
