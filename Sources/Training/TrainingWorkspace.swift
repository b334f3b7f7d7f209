/// Memory that training plans use one after the other.
///
/// A step of supernet training runs several networks in turn; each would need hundreds of megabytes of its own. A plan
/// takes the workspace when its `forward` begins, and what it left there is valid until another plan's does.
public final class TrainingWorkspace {
  private var arena = Arena(count: 0)
  /// Counts the forward passes, so that a backward pass after another plan's forward pass is noticed.
  var generation = 0

  /// Creates an empty workspace; it grows with the plans.
  public init() {}

  /// The bytes that it holds now.
  public var bytes: Int { 4 * arena.count }

  /// Memory of at least `count` elements. It is not cleared. Plans keep what they were given even if the workspace
  /// grows for a later one.
  func memory(_ count: Int) -> Arena {
    if arena.count < count { arena = Arena(count: count + count / 8) }
    return arena
  }
}
