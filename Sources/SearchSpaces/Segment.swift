/// A part of a space's networks whose operators, and their sizes, depend on few variables: the stem, one block, or the head.
///
/// What adds up over operators adds up over segments, so that it is looked up for each of a segment's few variants in place
/// of being computed for every network.
public struct Segment: Hashable, Sendable {
  /// The start of the names of the segment's nodes, such as `late.2.`.
  public let nodePrefix: String
  /// The positions, among the space's variables, of those that decide what the segment is.
  public let variables: [Int]
  /// The variable of the depth that the segment's presence depends on, where it does, and for each of its values whether
  /// the segment is there.
  public let presence: Presence?

  /// A condition on a variable.
  public struct Presence: Hashable, Sendable {
    /// The position of the variable.
    public let variable: Int
    /// For each of the variable's values, whether the segment is there.
    public let isPresent: [Bool]
  }
}

extension SearchSpace {
  /// The segments in the order of the network: first the stem, last the head, with the classifier.
  public var segments: [Segment] {
    let global = parts.stages.map { $0.stride.name(in: $0.name) } + ["resolution", "width", "stem.stride"]
    var entering = ["stem.channels"]
    var segments = [segment("stem.", global + names { $0.hasPrefix("stem.") })]
    for stage in parts.stages {
      let channels = stage.channels.name(in: stage.name)
      for position in 1...stage.maximumDepth {
        let scope = stage.scope(of: position) + "."
        let depth = stage.depth.name(in: stage.name)
        let own = names { $0.hasPrefix(scope) && $0 != depth }
        let before = position == 1 ? entering : []
        segments.append(
          segment("\(stage.name).\(position).", global + before + [channels] + own, presence(of: position, in: stage)))
      }
      entering = [channels]
    }
    return segments + [segment("head.", global + entering + names { $0.hasPrefix("head.") })]
  }

  private func names(where isIncluded: (String) -> Bool) -> [String] { variables.map(\.name).filter(isIncluded) }

  private func segment(_ prefix: String, _ names: [String], _ presence: Segment.Presence? = nil) -> Segment {
    Segment(nodePrefix: prefix, variables: Set(names.compactMap { positions[$0] }).sorted(), presence: presence)
  }

  private func presence(of position: Int, in stage: Stage) -> Segment.Presence? {
    guard let variable = positions[stage.depth.name(in: stage.name)] else { return nil }
    return .init(variable: variable, isPresent: variables[variable].values.map { $0.integer >= position })
  }
}
