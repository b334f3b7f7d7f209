import Diagnostics
import Latency
import Networks
import SearchSpaces
import Synchronization

/// Predicted latencies of the architectures of one space, as sums over segments that are computed once.
///
/// A predictor's contributions add up over operators, and an operator depends on few variables, so that a segment has some
/// dozens of variants among billions of networks. The first architecture with a variant builds its network; from then on a
/// prediction is an addition per segment. The sums are those of ``LatencyPredictor/predict(_:)`` up to the order of
/// additions.
public final class SpaceLatencyTable: Sendable {
  private let space: SearchSpace
  private let predictor: LatencyPredictor
  private let layouts: [Layout]
  private let state: Mutex<[Variants]>

  /// How a code becomes the number of a segment's variant.
  private struct Layout {
    let segment: Segment
    /// What the positions are multiplied by; an inactive variable counts as one value more.
    let factors: [(variable: Int, values: Int, factor: Int)]
    let count: Int

    init(_ segment: Segment, _ variables: [Variable]) {
      self.segment = segment
      var factor = 1
      var factors: [(Int, Int, Int)] = []
      for variable in segment.variables {
        factors.append((variable, variables[variable].values.count, factor))
        // Beyond any table the numbers only have to stay numbers; they are keys of a dictionary then.
        factor = factor.multipliedReportingOverflow(by: variables[variable].values.count + 1).partialValue
      }
      (self.factors, count) = (factors, factor)
    }

    /// The number of the variant, or `nil` where the segment is absent.
    func variant(_ positions: UnsafeBufferPointer<UInt16>) -> Int? {
      if let presence = segment.presence, !presence.isPresent[Int(positions[presence.variable])] { return nil }
      var variant = 0
      for (variable, values, factor) in factors { variant &+= min(Int(positions[variable]), values) &* factor }
      return variant
    }
  }

  /// The milliseconds of a segment's variants: in an array where there are few, NaN for one not known yet.
  private struct Variants {
    var few: [Double]
    var many: [Int: Double] = [:]

    init(_ count: Int) { few = (1...Self.limit).contains(count) ? Array(repeating: .nan, count: count) : [] }

    private static let limit = 1 << 16

    subscript(variant: Int) -> Double {
      get { few.isEmpty ? many[variant] ?? .nan : few[variant] }
      set { if few.isEmpty { many[variant] = newValue } else { few[variant] = newValue } }
    }
  }

  /// Creates an empty table; it fills as architectures are asked for.
  public init(_ space: SearchSpace, _ predictor: LatencyPredictor) {
    (self.space, self.predictor) = (space, predictor)
    layouts = space.segments.map { Layout($0, space.variables) }
    state = Mutex(layouts.map { Variants($0.count) })
  }

  /// The prediction for an architecture.
  ///
  /// - Throws: ``Diagnostic`` that names an operator of a kind that the predictor does not know.
  public func predict(_ architecture: Architecture) throws -> LatencyPrediction {
    predictor.prediction(milliseconds: try milliseconds(of: [space.code(of: architecture)])[0])
  }

  /// The predicted milliseconds of many architectures.
  ///
  /// - Throws: ``Diagnostic`` that names an operator of a kind that the predictor does not know.
  public func milliseconds(of codes: [ArchitectureCode]) throws -> [Double] {
    try state.withLock { tables in
      try codes.map { code in
        if let sum = sum(code, tables) { return sum }
        try learn(code, &tables)
        guard let sum = sum(code, tables) else { preconditionFailure("a network has all its segments") }
        return sum
      }
    }
  }

  /// The sum over the segments, or `nil` where one is not known yet.
  private func sum(_ code: ArchitectureCode, _ tables: [Variants]) -> Double? {
    var sum = predictor.fixedMilliseconds
    code.positions.withUnsafeBufferPointer { positions in
      for segment in layouts.indices {
        if let variant = layouts[segment].variant(positions) { sum += tables[segment][variant] }
      }
    }
    return sum.isNaN ? nil : sum
  }

  /// Builds the network of a code and keeps what its segments take.
  private func learn(_ code: ArchitectureCode, _ tables: inout [Variants]) throws {
    let network = try space.network(for: space.architecture(of: code)).fused()
    let prefixes = layouts.map(\.segment.nodePrefix)
    var sums = [Double](repeating: 0, count: layouts.count)
    // What stands before the stem has no prefix, and belongs to it.
    var segment = 0
    for node in network.nodes {
      while segment + 1 < prefixes.count, !node.name.hasPrefix(prefixes[segment]),
        prefixes[(segment + 1)...].contains(where: node.name.hasPrefix)
      { segment += 1 }
      sums[segment] += try predictor.contribution(of: node, in: network)
    }
    code.positions.withUnsafeBufferPointer { positions in
      for segment in layouts.indices {
        if let variant = layouts[segment].variant(positions) { tables[segment][variant] = sums[segment] }
      }
    }
  }
}
