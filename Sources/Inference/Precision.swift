/// The arithmetic that a network runs in.
public enum Precision: String, Hashable, Sendable, Codable, CaseIterable {
  /// 32-bit floating point. The values of a quantised network are rounded to their grids all the same.
  case fp32
  /// Bytes where the network is quantised.
  case int8
}
