import Networks
import Report

extension ArchitectureDrawing {
  /// The drawing of a network of a search space, by the names of its nodes: `<stage>.<block>.<kind>.<layer>` in stages,
  /// `stem.conv` and `head.conv` at the ends.
  init(_ network: Network, classes: Int) {
    let image = network.inputs.first.map { network.nodes[$0].shape.dimensions.dropFirst() } ?? []
    var stages: [Stage] = []
    for group in NodeGroup.groups(of: network) {
      if stages.last?.name != group.stage { stages.append(Stage(name: group.stage, blocks: [])) }
      stages[stages.count - 1].blocks.append(group.block(in: network))
    }
    self.init(input: image.map(String.init).joined(separator: "×"), stages: stages, classes: classes)
  }
}

/// The nodes of one block.
private struct NodeGroup {
  let stage: String
  let kind: String
  /// What the names of its nodes start with.
  let prefix: String
  var nodes: [Network.Node] = []

  static func groups(of network: Network) -> [NodeGroup] {
    var groups: [NodeGroup] = []
    for node in network.nodes {
      let words = node.name.split(separator: ".").map(String.init)
      guard words.count > 1 else { continue }
      let isEnd = Int(words[1]) == nil
      guard isEnd || words.count > 2 else { continue }
      let prefix = words.prefix(isEnd ? 2 : 3).joined(separator: ".")
      if groups.last?.prefix != prefix {
        guard case .convolution = node.op else { continue }
        groups.append(NodeGroup(stage: words[0], kind: isEnd ? words[1] : words[2], prefix: prefix))
      }
      groups[groups.count - 1].nodes.append(node)
    }
    return groups
  }

  func block(in network: Network) -> ArchitectureDrawing.Block {
    let convolutions = nodes.compactMap { node -> (node: Network.Node, convolution: Convolution)? in
      if case .convolution(let convolution) = node.op { (node, convolution) } else { nil }
    }
    let spatial = convolutions.filter { !$0.node.name.contains(".se") }.map(\.convolution)
    let entering = network.nodes[nodes[0].inputs[0]].shape[1]
    let hidden = spatial.map(\.channels).max() ?? entering
    let shape = nodes[nodes.count - 1].shape
    return ArchitectureDrawing.Block(
      kind: kind, kernel: spatial.map(\.kernel.height).max(),
      expand: spatial.count > 1 ? Double(hidden) / Double(entering) : nil, channels: shape[1],
      stride: spatial.reduce(1) { $0 * $1.stride.height }, squeezeExcite: nodes.contains { $0.op == .multiply },
      height: shape[2], width: shape[3])
  }
}
