import Foundation

extension SearchSpace {
  /// The decimal logarithm of the number of distinct networks, limits ignored.
  ///
  /// Choices of inactive blocks do not count. The rules of the format keep two architectures from naming the same
  /// layers, so that this is the number of architectures. Networks are distinct where their graphs or their shared
  /// tensors are: a stage that skips its second block is not one that skips its third, though the two may have the same
  /// shapes and cost the same.
  public var log10Size: Double { parts.count.log10 }

  /// The number of distinct networks where it fits 63 bits.
  public var size: Int? { parts.count.exact }

  /// Every architecture, limits ignored, or `nil` where there are more than `bound`.
  package func allArchitectures(upTo bound: Int) -> [Architecture]? {
    guard let size, size <= bound else { return nil }
    var assignments: [[String: VariableValue]] = [[:]]
    for variable in variables {
      assignments = assignments.flatMap { choices -> [[String: VariableValue]] in
        guard variable.isActive(under: choices) else { return [choices] }
        return variable.values.map { value in choices.merging([variable.name: value]) { $1 } }
      }
    }
    return assignments.map(Architecture.init)
  }
}

/// A number of networks: exact while it fits, and its logarithm for ever.
struct NetworkCount {
  var exact: Int?
  var log10: Double

  static let one = NetworkCount(1)

  init(_ count: Int) {
    exact = count
    log10 = Foundation.log10(Double(count))
  }

  static func * (a: NetworkCount, b: NetworkCount) -> NetworkCount {
    var product = NetworkCount(1)
    product.exact = combined(a.exact, b.exact) { $0.multipliedReportingOverflow(by: $1) }
    product.log10 = a.log10 + b.log10
    return product
  }

  static func + (a: NetworkCount, b: NetworkCount) -> NetworkCount {
    var sum = NetworkCount(1)
    sum.exact = combined(a.exact, b.exact) { $0.addingReportingOverflow($1) }
    let (more, less) = (max(a.log10, b.log10), min(a.log10, b.log10))
    sum.log10 = more + Foundation.log10(1 + pow(10, less - more))
    return sum
  }

  private static func combined(
    _ a: Int?, _ b: Int?, _ operation: (Int, Int) -> (partialValue: Int, overflow: Bool)
  ) -> Int? {
    guard let a, let b else { return nil }
    let (value, overflow) = operation(a, b)
    return overflow ? nil : value
  }
}

extension SpaceReader.Parts {
  fileprivate var count: NetworkCount {
    let ends = [input.size, width] + stem.choices + (head?.choices ?? [])
    return stages.reduce(product(of: ends)) { $0 * $1.count }
  }
}

private func product(of choices: [Choice]) -> NetworkCount {
  choices.reduce(.one) { $0 * NetworkCount($1.values.count) }
}

extension Stage {
  fileprivate var count: NetworkCount {
    let shared = product(of: [stride, channels])
    guard perBlock else { return shared * NetworkCount(depth.values.count) * blockCount(at: 1) }
    var blocks = NetworkCount.one
    var variants: NetworkCount?
    for position in 1...maximumDepth {
      blocks = blocks * blockCount(at: position)
      if depths.contains(position) { variants = variants.map { $0 + blocks } ?? blocks }
    }
    return shared * (variants ?? .one)
  }

  private func blockCount(at position: Int) -> NetworkCount {
    let counts = candidates(at: position).map { product(of: $0.choices) }
    return counts.dropFirst().reduce(counts[0]) { $0 + $1 }
  }
}
