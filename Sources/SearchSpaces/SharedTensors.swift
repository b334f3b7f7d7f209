import Diagnostics
import Networks
import Tensors

/// The tensors that all networks of a space share.
enum SharedTensors {
  /// The most numbers that they may hold together: 4 GiB in FP32.
  static let elementLimit = 1 << 30

  /// The largest shape of every tensor, in the order of first use.
  ///
  /// Every extent grows with every choice by itself, so that networks with all choices at their largest, one per
  /// candidate, show the largest of each tensor.
  static func parameters(of parts: SpaceReader.Parts, file: String?) throws -> [Parameter] {
    var names: [String] = []
    var shapes: [String: Shape] = [:]
    for candidate in 0..<(parts.stages.map(\.candidates.count).max() ?? 1) {
      let decisions = ExtremeDecisions(largest: true, candidate: candidate)
      for parameter in try parts.network(parts.blueprint(decisions), shared: nil).parameters {
        if let known = shapes[parameter.name] {
          shapes[parameter.name] = Shape(zip(known.dimensions, parameter.shape.dimensions).map(max))
        } else {
          names.append(parameter.name)
          shapes[parameter.name] = parameter.shape
        }
      }
    }
    let parameters = names.compactMap { name in shapes[name].map { Parameter(name, $0) } }
    let elements = parameters.reduce(0) { $0 + $1.shape.elementCount }
    guard elements <= elementLimit else {
      throw Diagnostic(
        .unusableFile, "the space is too large to train", at: .init(file: file),
        value: "\(elements) shared parameters",
        rule: "all networks share at most \(elementLimit) parameters")
    }
    return parameters
  }
}
