import Diagnostics
import Foundation
import Networks
import Tensors

/// The learned tensors of a network or of a whole supernet, by name: values, gradients, and whether weight decay applies.
///
/// All values lie in one aligned array and all gradients in another, so that an optimiser makes one pass over memory.
/// Running statistics of batch norms are not learned and therefore not here; see ``BatchStatistics``.
///
/// `@unchecked Sendable`: a handle. Training writes values and gradients from one place at a time; who shares a store
/// between threads reads it while nobody trains.
public final class ParameterStore: @unchecked Sendable {
  /// One tensor of the store.
  public struct Entry: Hashable, Sendable {
    /// The tensor's name.
    public let name: String
    /// The stored shape.
    public let shape: Shape
    /// Where it starts in the arrays of the store.
    public let offset: Int
    /// Whether weight decay applies: to kernels and matrices, but not to biases and batch norms.
    public let decays: Bool

    /// The number of elements.
    public var count: Int { shape.elementCount }
  }

  /// The tensors in order of first use.
  public let entries: [Entry]
  package let values: AlignedBuffer
  package let gradients: AlignedBuffer
  private let positions: [String: Int]

  /// Collects the learned tensors of `parameters`, with the shapes they are stored in, and initialises them.
  ///
  /// Kernels are drawn from a normal distribution with variance 2 / fan-out (He et al., "Delving Deep into Rectifiers",
  /// 2015), matrices from one with deviation 0.01; gammas are 1, biases and betas 0. Every tensor has a random stream of
  /// its own name, so that its first values do not depend on which others there are.
  ///
  /// - Parameters:
  ///   - parameters: May name a tensor several times, as boxes of one stored shape.
  ///   - seed: Seeds the values.
  ///   - zeroed: Tensors that start at 0, such as the last gammas of residual branches.
  /// - Throws: ``Diagnostic`` where one name stands for two shapes.
  public init(_ parameters: [Parameter], seed: UInt64, zeroed: Set<String> = []) throws {
    var entries: [Entry] = []
    var positions: [String: Int] = [:]
    var offset = 0
    for parameter in parameters where !parameter.isStatistic {
      if let known = positions[parameter.name] {
        try Self.requireOneShape(parameter, entries[known])
        continue
      }
      positions[parameter.name] = entries.count
      entries.append(
        Entry(
          name: parameter.name, shape: parameter.storedShape, offset: offset,
          decays: parameter.storedShape.rank > 1))
      offset += (parameter.storedShape.elementCount + 15) & ~15
    }
    self.entries = entries
    self.positions = positions
    values = AlignedBuffer(count: offset)
    gradients = AlignedBuffer(count: offset)
    for entry in entries where !zeroed.contains(entry.name) { initialise(entry, seed: seed) }
  }

  private static func requireOneShape(_ parameter: Parameter, _ entry: Entry) throws {
    guard entry.shape != parameter.storedShape else { return }
    throw Diagnostic(
      .failure, "one parameter has two shapes", at: .init(path: parameter.name),
      value: parameter.storedShape.description, rule: "it is stored as \(entry.shape)")
  }

  /// The number of learned numbers.
  public var parameterCount: Int { entries.reduce(0) { $0 + $1.count } }

  /// The tensor of a name, or `nil`.
  public func entry(_ name: String) -> Entry? { positions[name].map { entries[$0] } }

  /// Sets all gradients to 0.
  public func clearGradients() { memset(gradients.pointer, 0, gradients.count * MemoryLayout<Float>.stride) }
}

extension ParameterStore {
  /// A copy of all values.
  public var weights: Weights {
    Weights(uniqueKeysWithValues: entries.map { ($0.name, tensor($0, in: values)) })
  }

  /// A copy of one tensor's values.
  public func value(_ name: String) -> Tensor? { entry(name).map { tensor($0, in: values) } }

  /// A copy of one tensor's gradient.
  public func gradient(_ name: String) -> Tensor? { entry(name).map { tensor($0, in: gradients) } }

  /// Replaces the values of one tensor.
  ///
  /// - Throws: ``Diagnostic`` where there is no such tensor, or it has another shape.
  public func setValue(_ name: String, _ tensor: Tensor) throws { try copy(tensor, to: name, in: values) }

  /// Replaces the values of all tensors.
  ///
  /// - Throws: ``Diagnostic`` where a tensor of the store is missing from `weights` or has another shape.
  public func setValues(_ weights: Weights) throws { try copy(weights, into: values) }

  package func tensors(in buffer: AlignedBuffer) -> Weights {
    Weights(uniqueKeysWithValues: entries.map { ($0.name, tensor($0, in: buffer)) })
  }

  package func copy(_ weights: Weights, into buffer: AlignedBuffer) throws {
    for entry in entries {
      guard let tensor = weights[entry.name] else {
        throw Diagnostic(
          .unusableFile, "a parameter is missing", at: .init(path: entry.name),
          rule: "its shape is \(entry.shape)")
      }
      try copy(tensor, to: entry.name, in: buffer)
    }
  }

  private func copy(_ tensor: Tensor, to name: String, in buffer: AlignedBuffer) throws {
    guard let entry = entry(name) else { throw unknown(name) }
    guard entry.shape == tensor.shape else {
      throw Diagnostic(
        .unusableFile, "a parameter has another shape", at: .init(path: name),
        value: tensor.shape.description,
        rule: "its shape is \(entry.shape)")
    }
    tensor.values.withUnsafeBufferPointer { from in
      guard let address = from.baseAddress else { return }
      (buffer.pointer + entry.offset).update(from: address, count: from.count)
    }
  }

  private func tensor(_ entry: Entry, in buffer: AlignedBuffer) -> Tensor {
    Tensor(entry.shape, Array(UnsafeBufferPointer(start: buffer.pointer + entry.offset, count: entry.count)))
  }

  package func mismatch(_ parameter: Parameter, _ entry: Entry) -> Diagnostic {
    Diagnostic(
      .failure, "a parameter is a box of another tensor than the stored one", at: .init(path: parameter.name),
      value: parameter.storedShape.description, rule: "the stored tensor is \(entry.shape)")
  }

  package func unknown(_ name: String) -> Diagnostic {
    Diagnostic(
      .failure, "no such parameter in the store", at: .init(path: name),
      rule: "the store has \(entries.count) tensors",
      nearest: nearestName(to: name, among: entries.map(\.name)))
  }
}

extension ParameterStore {
  private func initialise(_ entry: Entry, seed: UInt64) {
    let address = values.pointer + entry.offset
    guard entry.shape.rank > 1 else {
      let start: Float = entry.name.hasSuffix(".gamma") || entry.name.hasSuffix(".gain") ? 1 : 0
      for i in 0..<entry.count { address[i] = start }
      return
    }
    var random = RandomSource(seed: seed, purpose: entry.name)
    let deviation = Self.deviation(entry.shape)
    for i in 0..<entry.count { address[i] = Float(deviation * random.normal()) }
  }

  /// A kernel with one input channel is taken for a depthwise one, whose fan-out is its window.
  private static func deviation(_ shape: Shape) -> Double {
    guard shape.rank == 4 else { return 0.01 }
    let window = shape[2] * shape[3]
    return (2 / Double(shape[1] == 1 ? window : shape[0] * window)).squareRoot()
  }
}

extension Parameter {
  /// Whether it holds running statistics of a batch norm, which are measured and not learned.
  package var isStatistic: Bool {
    storedShape.rank == 1 && (name.hasSuffix(".mean") || name.hasSuffix(".variance"))
  }
}
