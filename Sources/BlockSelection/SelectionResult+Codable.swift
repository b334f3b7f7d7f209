import Foundation

extension SelectionResult {
  enum CodingKeys: String, CodingKey {
    case status, stopped, solver, objective, bound, gap, costs, choices, presolve, baselines, attainable
    case relaxation, batch, batches
    case solveSeconds = "solve_seconds"
  }

  /// Writes every key; what is not known is `null`. What is asked for or explained only now and then may be absent.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(status, forKey: .status)
    try container.encode(stopped, forKey: .stopped)
    try container.encode(solver, forKey: .solver)
    try container.encode(objective, forKey: .objective)
    try container.encode(bound, forKey: .bound)
    try container.encode(gap, forKey: .gap)
    try container.encode(costs, forKey: .costs)
    try container.encode(choices, forKey: .choices)
    try container.encode(solveSeconds, forKey: .solveSeconds)
    try container.encode(presolve, forKey: .presolve)
    try container.encodeIfPresent(baselines, forKey: .baselines)
    try container.encodeIfPresent(attainable, forKey: .attainable)
    try container.encodeIfPresent(relaxation, forKey: .relaxation)
    try container.encodeIfPresent(batch, forKey: .batch)
    try container.encodeIfPresent(batches, forKey: .batches)
  }

  /// The answer as a JSON document with sorted keys.
  public func json() throws -> Data { try encodedWithSortedKeys(self) }
}

extension SelectionResult.Baselines {
  enum CodingKeys: String, CodingKey {
    case greedy, uniform, random
  }

  /// Writes every key; `null` stands for a method that found nothing feasible.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(greedy, forKey: .greedy)
    try container.encode(uniform, forKey: .uniform)
    try container.encode(random, forKey: .random)
  }
}

extension SelectionPool {
  /// The pool as a JSON document with sorted keys.
  public func json() throws -> Data { try encodedWithSortedKeys(self) }
}

extension SelectionSweep {
  /// The sweep as a JSON document with sorted keys.
  public func json() throws -> Data { try encodedWithSortedKeys(self) }
}

extension SelectionGrid {
  /// The grid as a JSON document with sorted keys.
  public func json() throws -> Data { try encodedWithSortedKeys(self) }
}

extension SelectionGrid.Point {
  private enum CodingKeys: String, CodingKey {
    case limits
  }

  /// Reads the limits beside the keys of the answer.
  public init(from decoder: any Decoder) throws {
    limits = try decoder.container(keyedBy: CodingKeys.self).decode([String: Double].self, forKey: .limits)
    result = try SelectionResult(from: decoder)
  }

  /// Writes the limits beside the keys of the answer.
  public func encode(to encoder: any Encoder) throws {
    try result.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(limits, forKey: .limits)
  }
}

extension SelectionSweep.Point {
  private enum CodingKeys: String, CodingKey {
    case limit
  }

  /// Reads the limit beside the keys of the answer.
  public init(from decoder: any Decoder) throws {
    limit = try decoder.container(keyedBy: CodingKeys.self).decode(Double.self, forKey: .limit)
    result = try SelectionResult(from: decoder)
  }

  /// Writes the limit beside the keys of the answer.
  public func encode(to encoder: any Encoder) throws {
    try result.encode(to: encoder)
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(limit, forKey: .limit)
  }
}

private func encodedWithSortedKeys(_ value: some Encodable) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
  return try encoder.encode(value)
}
