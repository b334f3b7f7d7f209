import Diagnostics
import Foundation
import Search
import SearchSpaces
import Tensors

/// A small domain with a known optimum: six variables of four values, an accuracy with neighbours that interact, and
/// a latency. All 4,096 architectures can be tried.
struct SyntheticSpace: Sendable {
  static let variables = 6
  static let choices = 4

  /// The quality of a value of a variable, and of the values of two neighbours.
  private let alone: [[Double]]
  private let together: [[[Double]]]
  private let costs: [[Double]]

  init(seed: UInt64) {
    var random = RandomSource(seed: seed, purpose: "synthetic space")
    func table(_ count: Int) -> [[Double]] {
      (0..<count).map { _ in (0..<Self.choices).map { _ in random.uniform() } }
    }
    alone = table(Self.variables)
    costs = table(Self.variables)
    together = (1..<Self.variables).map { _ in table(Self.choices) }
  }

  func accuracy(_ digits: [Int]) -> Double {
    let single = zip(alone, digits).reduce(0) { $0 + $1.0[$1.1] }
    return together.indices.reduce(single) { $0 + 0.5 * together[$1][digits[$1]][digits[$1 + 1]] }
  }

  func latency(_ digits: [Int]) -> Double { zip(costs, digits).reduce(0) { $0 + $1.0[$1.1] } }

  /// Every architecture as its digits.
  static let all: [[Int]] = (0..<Int(pow(Double(choices), Double(variables)))).map { index in
    (0..<variables).map { index / Int(pow(Double(choices), Double($0))) % choices }
  }

  /// Made once, since reading JSON takes longer than everything else in these tests.
  private static let architectures: [Architecture] = all.map { digits in
    let pairs = digits.enumerated().map { "\"v\($0.offset)\":\($0.element)" }
    let json = Data(("{" + pairs.joined(separator: ",") + "}").utf8)
    guard let architecture = try? JSONDecoder().decode(Architecture.self, from: json) else {
      preconditionFailure("the text is an architecture")
    }
    return architecture
  }

  static func architecture(_ digits: [Int]) -> Architecture {
    architectures[digits.reversed().reduce(0) { $0 * choices + $1 }]
  }

  static func digits(_ architecture: Architecture) -> [Int] {
    (0..<variables).map { if case .integer(let digit)? = architecture["v\($0)"] { digit } else { 0 } }
  }

  static let domain = ArchitectureDomain(
    sample: { random in architecture((0..<variables).map { _ in random.below(choices) }) },
    mutate: { parent, probability, random in
      architecture(digits(parent).map { random.uniform() < probability ? random.below(choices) : $0 })
    },
    cross: { first, second, random in
      architecture(zip(digits(first), digits(second)).map { random.uniform() < 0.5 ? $0 : $1 })
    })

  /// The constraint that a latency is within a budget.
  func within(_ budget: Double) throws -> SearchConstraint {
    try SearchConstraint(name: "predicted latency", unit: "ms", limit: budget) { latency(Self.digits($0)) }
  }

  func values(of architecture: Architecture) -> [String: Double] {
    let digits = Self.digits(architecture)
    return ["expected_accuracy": accuracy(digits), "latency_ms": latency(digits)]
  }
}

/// Dates stand still in these tests.
let testDate = Date(timeIntervalSince1970: 1_700_000_000)

/// Runs a sampler over a space and returns the finished trials.
func evaluate(
  _ sampler: some Sampler, _ count: Int, _ values: (Architecture) -> [String: Double]
) throws -> [Trial] {
  var history = TrialHistory()
  var trials: [Trial] = []
  while trials.count < count, let architecture = try sampler.ask(history) {
    let trial = try Trial(
      number: trials.count, architecture: architecture, sampler: sampler.name, started: testDate
    ).ended(.complete(values(architecture)), at: testDate)
    try history.tell(trial)
    trials.append(trial)
  }
  return trials
}

/// The diagnostic that `body` throws, or `nil` where it throws none.
func failure<Value>(_ body: () throws -> Value) -> Diagnostic? {
  do {
    _ = try body()
    return nil
  } catch {
    return error as? Diagnostic
  }
}
