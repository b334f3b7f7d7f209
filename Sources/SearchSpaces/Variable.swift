/// One decision of a search space.
///
/// Names are paths: `resolution`, `width`, `stem.channels`, `late.depth`, `late.kernel` (all blocks of the stage
/// together), `late.2.kernel` (the second block), `late.2.kind`, and `late.2.mbconv.kernel` where a block has several
/// kinds and the variable belongs to one of them.
public struct Variable: Hashable, Sendable, Encodable {
  /// What must hold for a variable to be active: another variable has one of some values.
  public struct Condition: Hashable, Sendable, Encodable {
    /// The name of the other variable, which stands earlier in the space.
    public let variable: String
    /// The values of the other variable under which the condition holds.
    public let values: [VariableValue]
  }

  /// The name, unique in the space.
  public let name: String
  /// The values in the order in which the space file lists them; at least two, none twice.
  public let values: [VariableValue]
  /// The conditions, all of which hold where the variable is active; none for a variable that always is.
  public let conditions: [Condition]
  /// The positions in `values` from the smallest network to the largest.
  package let sizeOrder: [Int]
  /// Which axis of scaling the variable belongs to.
  package let axis: Axis

  // The order and the axis follow from the space and are no part of what is shown of it.
  private enum CodingKeys: String, CodingKey { case name, values, conditions }

  /// What a variable scales.
  package enum Axis: Hashable, Sendable {
    case resolution, depth, width, block
  }

  /// The value at a relative position between the smallest (0) and the largest (1).
  func value(at position: Double) -> VariableValue {
    values[sizeOrder[Int((position * Double(values.count - 1)).rounded())]]
  }
}
