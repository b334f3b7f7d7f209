import Diagnostics
import Tensors

extension Network {
  /// The network with weights of its own: boxes of shared tensors become whole tensors of the same names.
  ///
  /// - Throws: ``Diagnostic`` where a weight is missing, has another shape than the network says, or is seen through two
  ///   different boxes, which one name cannot stand for.
  public func extracted(from weights: Weights) throws -> (network: Network, weights: Weights) {
    var result = self
    var own: Weights = [:]
    var seen: [String: Parameter] = [:]
    for position in nodes.indices {
      for (slot, parameter) in nodes[position].parameters.enumerated() {
        if let other = seen.updateValue(parameter, forKey: parameter.name), other != parameter {
          throw Diagnostic(
            .failure, "two boxes of one tensor cannot be extracted", at: .init(path: nodes[position].name),
            value: parameter.name, rule: "every use of a tensor sees the same box")
        }
        own[parameter.name] = try weights.box(parameter)
        result.nodes[position].parameters[slot] = Parameter(parameter.name, parameter.shape)
      }
    }
    return (result, own)
  }
}

extension Weights {
  /// The stored tensor of a parameter.
  func stored(_ parameter: Parameter) throws -> Tensor {
    guard let tensor = self[parameter.name] else {
      throw Diagnostic(
        .unusableFile, "a weight is missing", at: .init(path: parameter.name),
        nearest: nearestName(to: parameter.name, among: keys.sorted()))
    }
    guard tensor.shape == parameter.storedShape else {
      throw Diagnostic(
        .unusableFile, "a weight has another shape than its network says", at: .init(path: parameter.name),
        value: tensor.shape.description, rule: "the shape is \(parameter.storedShape)")
    }
    return tensor
  }

  /// A copy of the box that a parameter sees. A tensor that has the box's shape already, such as a network's own batch
  /// norm statistics beside shared weights, is taken as it is.
  func box(_ parameter: Parameter) throws -> Tensor {
    if let own = self[parameter.name], own.shape == parameter.shape { return own }
    return parameter.extract(from: try stored(parameter))
  }
}
