/// A place of a network where one of several alternatives stands, for block selection.
///
/// A stage whose blocks choose together is one slot; a stage with `per_block` has one slot per block; stem and head
/// are slots where they have choices.
public struct Slot: Hashable, Sendable {
  /// What can stand in a slot.
  public struct Alternative: Hashable, Sendable {
    /// A name that is unique in the slot and comparable between slots, such as `kernel=3 expand=6` or `absent`.
    public let name: String
    /// The variables that it decides.
    public let assignment: [String: VariableValue]
    /// Whether the block is left out by a smaller depth.
    public let isAbsent: Bool
  }

  /// The slot's name, such as `late`, `late.2`, `stem`.
  public let name: String
  /// The alternatives; at least one.
  public let alternatives: [Alternative]
  /// The position of the alternative that stands in the base network, the largest.
  public let base: Int
  /// The stage and the position of the block where the slot is one block.
  let block: BlockPlace?

  /// The start of the names of the network's nodes that belong to the slot.
  public var nodePrefix: String { name + "." }

  struct BlockPlace: Hashable, Sendable {
    let stage: Stage
    let position: Int
  }
}

/// The slots of a space under fixed global choices, with what may be combined and how contributions add up.
///
/// **Combining.** One alternative per slot makes a network unless a pair of neighbours is excluded: an elastic depth
/// keeps the first blocks, so that nothing stands behind an absent block, and all blocks of a stage have the same
/// channels.
///
/// **Adding up.** Most alternatives cannot be put into the largest network alone: leaving out a block leaves out all
/// behind it, and the channels of a block are those of its stage. A contribution is therefore the difference between
/// two legal networks, ``Replacement``, chosen so that the differences telescope:
/// - an absent block at position p is depth p − 1 against the next depth, so that the absent blocks of a stage sum to
///   its depth against the full one;
/// - the first slot of a stage carries the change of the stage's channels; the others are compared under these channels.
///
/// For what is a sum over nodes (operations, parameters, additive latency), base + contributions + the interactions of
/// ``couplings`` is then exactly the network's value; a test holds this. For a loss it is the usual first-order
/// estimate.
public struct SlotTable: Sendable {
  /// Two networks whose difference is an alternative's contribution.
  public struct Replacement: Hashable, Sendable {
    /// The network with the alternative.
    public let architecture: Architecture
    /// What it is compared with: the base network for most alternatives.
    public let reference: Architecture
  }

  /// Two slots, and pairs of their alternatives that cannot stand together.
  public struct Exclusion: Hashable, Sendable {
    /// The position of the first slot.
    public let first: Int
    /// The position of the second slot.
    public let second: Int
    /// Positions of an alternative of the first and one of the second slot.
    public let pairs: [Pair]
  }

  /// Two slots whose choices together decide costs beyond the sum: the first one's channels enter the second one. The
  /// interaction of alternatives a and b is f(a, b) − f(a) − f(b) + f(base), with networks of ``architecture(replacing:)``.
  public struct Coupling: Hashable, Sendable {
    /// The position of the first slot.
    public let first: Int
    /// The position of the second slot.
    public let second: Int
  }

  /// A pair of alternatives by position.
  public struct Pair: Hashable, Sendable {
    /// The alternative of the first slot.
    public let first: Int
    /// The alternative of the second slot.
    public let second: Int

    /// Creates a pair.
    public init(first: Int, second: Int) {
      self.first = first
      self.second = second
    }
  }

  /// The values of the global variables.
  public let fixed: [String: VariableValue]
  /// The slots in the order of the network.
  public let slots: [Slot]
  /// The pairs of neighbours that exclude each other.
  public let exclusions: [Exclusion]
  /// The pairs of slots with interactions.
  public let couplings: [Coupling]
  /// The largest network under the fixed values; limits ignored.
  public let base: Architecture
  /// The space.
  let space: SearchSpace
}
