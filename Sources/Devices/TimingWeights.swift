import Compute
import Foundation
import Inference
import Networks
import Tensors

extension Network {
  /// Random weights to time a network with before it is trained: of the usual scale, so that no number becomes
  /// subnormal or infinite on the way, which would be slow.
  ///
  /// The same seed gives a stored tensor the same numbers in every network that reads it.
  public func timingWeights(seed: UInt64) -> Weights {
    var weights = Weights()
    for node in nodes {
      for (position, parameter) in node.parameters.enumerated() where weights[parameter.name] == nil {
        weights[parameter.name] = timingTensor(parameter, position, node.op, seed: seed)
      }
    }
    return weights
  }

  /// Input values to time a network on: random pixels for images, zeros for anything else.
  package var timingInputs: [String: Tensor] {
    var random = RandomSource(seed: 0, purpose: "timing inputs")
    let tensors = inputs.map { input in
      let shape = nodes[input].shape
      let values = (0..<shape.elementCount).map { _ in shape.rank == 4 ? Float(random.below(256)) : 0 }
      return (nodes[input].name, Tensor(shape, values))
    }
    return Dictionary(uniqueKeysWithValues: tensors)
  }

  /// The network as an arithmetic needs it to be timed: one of FP32 is quantised for bytes. Which bytes its values are
  /// rounded to makes no difference to its latency, so a random sample serves.
  ///
  /// - Throws: `Diagnostic` where it cannot be quantised.
  package func prepared(
    for precision: Precision, weights: Weights, threads: Int
  ) throws -> (network: Network, weights: Weights) {
    guard precision == .int8, !isQuantised else { return (self, weights) }
    return try Quantiser(pool: ThreadPool(threads: threads)).quantised(self, weights: weights, samples: timingInputs)
  }

  private func timingTensor(_ parameter: Parameter, _ position: Int, _ op: Operator, seed: UInt64) -> Tensor {
    let shape = parameter.storedShape
    switch op {
    case .batchNorm: return Tensor(shape, repeating: position == 0 || position == 3 ? 1 : 0)
    case .rmsNorm, .layerNorm: return Tensor(shape, repeating: position == 0 ? 1 : 0)
    default: break
    }
    guard shape.rank > 1 else { return Tensor(shape, repeating: 0) }
    var random = RandomSource(seed: seed, purpose: parameter.name)
    // Uniform with variance 2 / fan-in (He et al., 2015).
    let fanIn = max(1, shape.elementCount / shape[0])
    let bound = (6 / Double(fanIn)).squareRoot()
    return Tensor(shape, (0..<shape.elementCount).map { _ in Float((2 * random.uniform() - 1) * bound) })
  }
}
