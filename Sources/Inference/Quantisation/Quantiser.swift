import Compute
import Diagnostics
import Networks
import Tensors

/// Makes a network of bytes from one of numbers and from samples of its inputs.
///
/// Weights become bytes with a symmetric scale per output channel, values get one grid each, from what they are on the
/// samples (Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference",
/// 2018). Operators without arithmetic on bytes, such as softmax, stay in FP32.
public struct Quantiser {
  /// How ranges follow from samples.
  public var method: CalibrationMethod
  private let pool: ThreadPool

  /// Creates a quantiser; the pool's threads run the samples.
  public init(method: CalibrationMethod = .mse, pool: ThreadPool) {
    self.method = method
    self.pool = pool
  }

  /// The quantised network and its weights, which are numbers on their grids.
  ///
  /// - Parameters:
  ///   - samples: For every input, samples along the first dimension, the same number for each.
  ///   - progress: Told the number of finished passes over a sample, and of all.
  /// - Throws: ``Diagnostic`` where the network is quantised already, a sample does not fit, or a weight is missing.
  public func quantised(
    _ network: Network, weights: Weights, samples: [String: Tensor],
    progress: (_ finished: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> (network: Network, weights: Weights) {
    try calibrated(network, weights: weights, samples: samples, progress: progress).quantised()
  }

  /// The network with a grid for every value and byte weights for every layer, of which any set of layers can be taken.
  ///
  /// Parameters and errors are those of ``quantised(_:weights:samples:progress:)``.
  public func calibrated(
    _ network: Network, weights: Weights, samples: [String: Tensor],
    progress: (_ finished: Int, _ of: Int) -> Void = { _, _ in }
  ) throws -> CalibratedNetwork {
    guard !network.isQuantised else {
      throw Diagnostic(
        .unusableFile, "the network is quantised already", value: network.name, rule: "a network in FP32 is quantised")
    }
    let own = try network.extracted(from: weights)
    let (fused, folded) = try own.network.fused(with: own.weights)
    let split = try fused.withSeparateRounding()
    let statistics = try statistics(split, folded, samples, progress)
    return try CalibratedNetwork(split, folded, split.grids(statistics.mapValues { $0.grid(method) }))
  }

  // MARK: Calibration

  private func statistics(
    _ network: Network, _ weights: Weights, _ samples: [String: Tensor], _ progress: (Int, Int) -> Void
  ) throws -> [Network.ValueID: ValueStatistics] {
    let watched = network.roundedValues
    let exposed = network.with(
      nodes: network.nodes, outputs: watched.map { Network.Output(name: String($0), value: $0) })
    let compiled = try CompiledNetwork(exposed, weights: weights, pool: pool)
    let count = try sampleCount(network, samples)
    let passes = method == .minmax ? 1 : 2
    var statistics = Dictionary(uniqueKeysWithValues: watched.map { ($0, ValueStatistics()) })
    for pass in 0..<passes {
      for sample in 0..<count {
        let results = try compiled.run(samples.mapValues { $0.rows(sample..<sample + 1) })
        for value in watched {
          results[String(value)]?.values.withUnsafeBufferPointer {
            if pass == 0 { statistics[value]?.widen($0) } else { statistics[value]?.count($0) }
          }
        }
        progress(pass * count + sample + 1, passes * count)
      }
      if let value = watched.first(where: { statistics[$0]?.hasNonFinite == true }) {
        throw Diagnostic(
          .unusableFile, "a value is not finite on the samples", at: .init(path: network.nodes[value].name),
          rule: "samples, weights and the values between them are finite numbers")
      }
    }
    return statistics
  }

  private func sampleCount(_ network: Network, _ samples: [String: Tensor]) throws -> Int {
    for input in network.inputs.map({ network.nodes[$0] }) {
      guard let tensor = samples[input.name] else {
        throw Diagnostic(.usage, "an input has no samples", value: input.name)
      }
      guard tensor.shape.rank == input.shape.rank, tensor.shape[0] > 0,
        tensor.shape.dimensions.dropFirst() == input.shape.dimensions.dropFirst()
      else {
        throw Diagnostic(
          .unusableFile, "the samples do not fit the input \(input.name)", value: tensor.shape.description,
          rule: "they are any number of \(input.shape)")
      }
    }
    let counts = Set(samples.values.map { $0.shape[0] })
    guard counts.count == 1, let count = counts.first else {
      throw Diagnostic(.usage, "the inputs have different numbers of samples")
    }
    return count
  }
}

extension Network {
  /// The same function with a node of its own wherever a quantised network rounds: after a layer whose activation is more
  /// than a clamp, and after the addition of a residual.
  func withSeparateRounding() throws -> Network {
    var builder = NetworkBuilder(name: name)
    var moved: [ValueID] = []
    for node in nodes {
      let operands = node.inputs.map { moved[$0] }
      switch node.op {
      case .input: moved.append(try builder.input(node.name, node.shape))
      case .convolution(var convolution) where operands.count == 2 || !convolution.activation.isClamp:
        let activation = convolution.activation
        convolution.activation = .identity
        var value = try builder.append(
          node.name, .convolution(convolution), [operands[0]], parameters: node.parameters)
        if operands.count == 2 { value = try builder.append(node.name + ".sum", .add, [value, operands[1]]) }
        moved.append(try builder.activate(value, activation, node.name))
      case .linear(var linear) where !linear.activation.isClamp:
        let activation = linear.activation
        linear.activation = .identity
        let value = try builder.append(node.name, .linear(linear), operands, parameters: node.parameters)
        moved.append(try builder.activate(value, activation, node.name))
      default: moved.append(try builder.append(node.name, node.op, operands, parameters: node.parameters))
      }
    }
    return builder.network(outputs: outputs.map { ($0.name, moved[$0.value]) })
  }

  /// The values that are rounded: what operators with arithmetic on bytes read or write, except for results.
  var roundedValues: [ValueID] {
    let consumers = consumers
    let leaving = Set(outputs.map(\.value))
    return nodes.indices.filter { value in
      let reads = consumers[value].contains { nodes[$0].op.worksOnBytes }
      // A result is rounded only where something else needs its bytes.
      return leaving.contains(value) ? reads : reads || nodes[value].op.worksOnBytes
    }
  }

  /// The grids of the rounded values. What only moves or selects numbers keeps the grid of its operand.
  func grids(_ calibrated: [ValueID: ByteGrid]) -> [ValueID: ByteGrid] {
    var grids = calibrated
    for (value, node) in nodes.enumerated() where grids[value] != nil {
      switch node.op {
      case .flatten, .channelSlice, .channelShuffle: grids[value] = grids[node.inputs[0]] ?? grids[value]
      case .pool(let pool) where pool.kind == .maximum: grids[value] = grids[node.inputs[0]] ?? grids[value]
      default: break
      }
    }
    return grids
  }
}

extension Activation {
  /// Whether rounding before or after it is the same.
  var isClamp: Bool { self == .identity || self == .relu || self == .relu6 }
}

extension Operator {
  /// Whether there is arithmetic on bytes for it.
  var worksOnBytes: Bool {
    switch self {
    case .convolution, .linear, .activation, .add, .multiply, .pool, .globalAveragePool, .flatten, .concat,
      .channelShuffle, .channelSlice:
      true
    default: false
    }
  }
}

extension NetworkBuilder {
  fileprivate mutating func activate(
    _ value: Network.ValueID, _ activation: Activation, _ name: String
  ) throws -> Network.ValueID {
    activation == .identity ? value : try append(name + ".activation", .activation(activation), [value])
  }
}

extension Tensor {
  /// Some of the first dimension's indices.
  func rows(_ range: Range<Int>) -> Tensor {
    let size = values.count / max(1, shape[0])
    var part = shape
    part[0] = range.count
    return Tensor(part, Array(values[range.lowerBound * size..<range.upperBound * size]))
  }
}
