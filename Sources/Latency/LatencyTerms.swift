/// A countable amount of work that an operator's latency is made of.
///
/// Together they are the usual cost model of a blocked matrix product (arithmetic, packing of both operands, writing
/// the result, a call), which the other operators fit into as well.
public enum LatencyTerm: String, CaseIterable, Hashable, Sendable, Codable {
  /// One per operator: dispatch, synchronisation of threads.
  case operators
  /// Multiply-accumulates, or window elements for pooling.
  case macs
  /// Multiply-accumulates lost because the output channels do not fill vector registers of 16 numbers.
  case waste
  /// Bytes of activations read.
  case read
  /// Bytes of activations written.
  case written
  /// Bytes of parameters read.
  case weights
  /// Bytes of image patches that a convolution wider than 1×1 lays out for a matrix product.
  case patches
  /// Elements whose activation needs an exponential.
  case exponentials
}

/// An amount of every ``LatencyTerm``.
public struct LatencyTerms: Hashable, Sendable {
  /// The amounts in the order of `LatencyTerm.allCases`.
  package var lanes: SIMD8<Double>

  /// Nothing of anything.
  public init() { lanes = .zero }

  package init(lanes: SIMD8<Double>) { self.lanes = lanes }

  /// The amount of one term.
  public subscript(term: LatencyTerm) -> Double {
    get { lanes[term.position] }
    set { lanes[term.position] = newValue }
  }

  /// The sums of two amounts.
  public static func + (a: Self, b: Self) -> Self { Self(lanes: a.lanes + b.lanes) }

  /// The sum over the terms of the products of amounts and coefficients.
  package func dot(_ coefficients: LatencyTerms) -> Double { (lanes * coefficients.lanes).sum() }

  package var isUsable: Bool { LatencyTerm.allCases.allSatisfy { self[$0].isFinite && self[$0] >= 0 } }
}

extension LatencyTerm {
  /// The lane of this term.
  package var position: Int {
    switch self {
    case .operators: 0
    case .macs: 1
    case .waste: 2
    case .read: 3
    case .written: 4
    case .weights: 5
    case .patches: 6
    case .exponentials: 7
    }
  }
}

extension LatencyTerms: Codable {
  /// Reads the amounts by name; a name that is not a term is an error, an absent one is zero.
  public init(from decoder: any Decoder) throws {
    self.init()
    let amounts = try decoder.singleValueContainer().decode([String: Double].self)
    for (name, amount) in amounts {
      guard let term = LatencyTerm(rawValue: name) else {
        throw DecodingError.dataCorrupted(
          .init(
            codingPath: decoder.codingPath, debugDescription: "'\(name.prefix(40))' is not a latency term"))
      }
      self[term] = amount
    }
  }

  /// Writes the amounts that are not zero by name.
  public func encode(to encoder: any Encoder) throws {
    let amounts = LatencyTerm.allCases.filter { self[$0] != 0 }.map { ($0.rawValue, self[$0]) }
    var container = encoder.singleValueContainer()
    try container.encode(Dictionary(uniqueKeysWithValues: amounts))
  }
}
