import Compute
import Diagnostics
import Networks
import Tensors

/// A network of numbers with a grid for every value and byte weights for every layer, of which any set of layers can be
/// quantised.
///
/// A *layer* is a convolution or a fully connected layer. What has no weights (activations, sums, pools, …) belongs to one
/// layer and works on bytes where that layer does: to the layer that computed its largest operand, of several the last;
/// where no layer comes before it, to the next one. So one decision per layer says everything, and values change their
/// representation only where they pass from one layer to another.
///
///     let calibrated = try Quantiser(pool: pool).calibrated(network, weights: weights, samples: samples)
///     let mixed = try calibrated.quantised(layers: ["stem", "head"])
public struct CalibratedNetwork: Sendable {
  /// The network in FP32, with a node of its own wherever a quantised network rounds.
  package let network: Network
  /// The weights in FP32.
  let weights: Weights
  /// The grid of every value that a wholly quantised network rounds.
  let grids: [Network.ValueID: ByteGrid]
  /// The names of the layers in execution order.
  public let layers: [String]
  /// The layer that every node belongs to, as its place in ``layers``; `nil` in a network without layers.
  let owners: [Int?]
  /// The layers' nodes with byte weights.
  private let byteNodes: [Network.ValueID: Network.Node]
  private let byteWeights: Weights

  /// - Throws: ``Diagnostic`` where a layer's weights are missing or not finite.
  init(_ network: Network, _ weights: Weights, _ grids: [Network.ValueID: ByteGrid]) throws {
    var nodes: [Network.ValueID: Network.Node] = [:]
    var bytes: Weights = [:]
    for (position, node) in network.nodes.enumerated() where node.op.isLayer {
      guard let operand = node.inputs.first, let grid = grids[operand] else { continue }
      nodes[position] = try ByteWeights.quantised(node, weights, input: grid, into: &bytes)
    }
    (self.network, self.weights, self.grids, byteNodes, byteWeights) = (network, weights, grids, nodes, bytes)
    let positions = nodes.keys.sorted()
    layers = positions.map { network.nodes[$0].name }
    owners = network.owners(layers: positions)
  }

  /// ‖Q(W) − W‖² of every layer in bytes.
  var byteErrors: [Double] {
    weightErrors { _, node in byteWeights[node.parameters[0].name]?.values ?? [] }
  }

  /// ‖Q(W) − W‖² of every layer in BF16.
  var halfErrors: [Double] {
    weightErrors { exact, _ in exact.map(LinearWeights.inBF16) }
  }

  private func weightErrors(_ rounded: (_ exact: [Float], _ byteNode: Network.Node) -> [Float]) -> [Double] {
    byteNodes.sorted { $0.key < $1.key }.map { position, node in
      let exact = weights[network.nodes[position].parameters[0].name]?.values ?? []
      return zip(exact, rounded(exact, node)).reduce(0) { $0 + Double($1.1 - $1.0) * Double($1.1 - $1.0) }
    }
  }

  /// Whether a node works on bytes where some layers do.
  func worksOnBytes(_ node: Network.ValueID, _ isChosen: [Bool]) -> Bool {
    network.nodes[node].op.worksOnBytes && owners[node].map { isChosen[$0] } == true
  }

  /// The network in which all layers are quantised.
  public func quantised() throws -> (network: Network, weights: Weights) {
    try quantised(isChosen: layers.map { _ in true })
  }

  /// The network in which some layers are quantised and everything else works on FP32; without any it is the network in
  /// FP32, with all it is that of ``Quantiser/quantised(_:weights:samples:progress:)``.
  ///
  /// - Throws: ``Diagnostic`` for a name that no layer has.
  public func quantised(layers names: Set<String>) throws -> (network: Network, weights: Weights) {
    if let unknown = names.subtracting(layers).min() {
      throw Diagnostic(
        .usage, "the network has no such layer", value: unknown, rule: "layers are convolutions and linear layers",
        nearest: nearestName(to: unknown, among: layers))
    }
    return try quantised(isChosen: layers.map(names.contains))
  }

  /// The network in which the layers that `isChosen` says are quantised.
  package func quantised(isChosen: [Bool]) throws -> (network: Network, weights: Weights) {
    var builder = NetworkBuilder(name: network.name)
    var moved: [Network.ValueID] = []
    var copies: [Network.ValueID: Network.ValueID] = [:]
    let roundings = roundings(isChosen)
    for (position, node) in network.nodes.enumerated() {
      let isBytes = worksOnBytes(position, isChosen)
      let operands = node.inputs.map { isBytes ? copies[$0] ?? moved[$0] : moved[$0] }
      let source = isBytes ? byteNodes[position] ?? node : node
      let grid = roundings[position] == .value ? grids[position] : nil
      let value =
        node.op == .input
        ? try builder.input(node.name, node.shape, grid: grid)
        : try builder.append(node.name, source.op, operands, parameters: source.parameters, grid: grid)
      moved.append(value)
      guard roundings[position] == .copy else { continue }
      copies[position] = try builder.append(
        node.name + Self.copySuffix, .activation(.identity), [value], grid: grids[position])
    }
    let result = builder.network(outputs: network.outputs.map { ($0.name, moved[$0.value]) })
    let used = Set(result.parameters.map(\.name))
    return (result, weights.merging(byteWeights) { _, bytes in bytes }.filter { used.contains($0.key) })
  }

  /// What stands behind the name of a value in that of its rounded copy.
  static let copySuffix = ".rounded"

  /// How a value is rounded.
  private enum Rounding {
    case none
    /// Everything that reads it reads the rounded numbers.
    case value
    /// What works on bytes reads a rounded copy, and everything else the numbers as they are.
    case copy
  }

  private func roundings(_ isChosen: [Bool]) -> [Rounding] {
    let leaving = Set(network.outputs.map(\.value))
    return network.consumers.enumerated().map { value, readers in
      guard grids[value] != nil else { return .none }
      if worksOnBytes(value, isChosen) { return .value }
      guard readers.contains(where: { worksOnBytes($0, isChosen) }) else { return .none }
      // A value that cannot be computed in bytes is rounded for all that read it as soon as nothing that could read bytes
      // wants its numbers: that is the wholly quantised network. An operator that was left in FP32 is exact for others.
      let canBeBytes = network.nodes[value].op.worksOnBytes
      let wantsNumbers =
        canBeBytes && leaving.contains(value)
        || readers.contains { (canBeBytes || network.nodes[$0].op.worksOnBytes) && !worksOnBytes($0, isChosen) }
      return wantsNumbers ? .copy : .value
    }
  }
}

extension Operator {
  /// Whether it has weights that can be bytes.
  var isLayer: Bool {
    switch self {
    case .convolution, .linear: true
    default: false
    }
  }
}

extension Network {
  /// The layer that every node belongs to, as its place in `layers`; see ``CalibratedNetwork``.
  fileprivate func owners(layers: [ValueID]) -> [Int?] {
    let places = Dictionary(uniqueKeysWithValues: layers.enumerated().map { ($1, $0) })
    var owners = [Int?](repeating: nil, count: nodes.count)
    for (position, node) in nodes.enumerated() {
      let largest = node.inputs.filter { owners[$0] != nil }
        .max { (nodes[$0].shape.elementCount, $0) < (nodes[$1].shape.elementCount, $1) }
      owners[position] = places[position] ?? largest.flatMap { owners[$0] }
    }
    for (position, readers) in consumers.enumerated().reversed() where owners[position] == nil {
      owners[position] = readers.lazy.compactMap { owners[$0] }.first
    }
    return owners.map { $0 ?? layers.indices.last }
  }
}
