import Diagnostics
import Networks
import Tensors

/// Reads a network's parameters from weights, with errors that name node and tensor.
struct ParameterReader {
  let weights: Weights

  /// The numbers of the node's parameter at `position`; `nil` where it has none there.
  ///
  /// - Throws: ``Diagnostic`` where the tensor is missing or has another shape.
  func values(_ node: Network.Node, _ position: Int) throws -> [Float]? {
    guard position < node.parameters.count else { return nil }
    let parameter = node.parameters[position]
    guard let tensor = weights[parameter.name] else {
      throw Diagnostic(
        .unusableFile, "a weight is missing", at: .init(path: node.name), value: parameter.name,
        rule: "the node reads a tensor of shape \(parameter.storedShape)",
        nearest: nearestName(to: parameter.name, among: weights.keys.sorted()))
    }
    guard tensor.shape == parameter.storedShape else {
      throw Diagnostic(
        .unusableFile, "the weight \(parameter.name) has another shape", at: .init(path: node.name),
        value: tensor.shape.description, rule: "the node reads a tensor of shape \(parameter.storedShape)")
    }
    return parameter.extract(from: tensor).values
  }

  /// The numbers of a parameter that the operator always has.
  func required(_ node: Network.Node, _ position: Int) throws -> [Float] {
    guard let values = try values(node, position) else {
      throw Diagnostic(.failure, "a parameter is missing", at: .init(path: node.name), value: node.op.name)
    }
    return values
  }
}
