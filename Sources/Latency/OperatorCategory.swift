import Networks
import Tensors

/// The kind of work of a fused operator: operators of one category share the coefficients of a latency predictor.
///
/// The raw value stands in predictor files: `pointwise`, `depthwise5`, `dense3`, `dense3x5`, `linear`, …
public struct OperatorCategory: RawRepresentable, Hashable, Sendable, Codable, Comparable {
  /// The name in files and messages.
  public let rawValue: String

  /// Creates a category from its name.
  public init(rawValue: String) { self.rawValue = rawValue }

  /// Categories stand in order of their names.
  public static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
}

extension OperatorCategory {
  /// The category of a node of a fused network.
  public init(of node: Network.Node, in network: Network) {
    let kind = Self(kindOf: node, in: network)
    self.init(rawValue: (node.isLeftInNumbers(in: network) ? Self.full : "") + kind.rawValue)
  }

  private init(kindOf node: Network.Node, in network: Network) {
    switch node.op {
    case .convolution(let convolution):
      self.init(convolution, channels: network.nodes[node.inputs[0]].shape[1], output: node.shape)
    case .activation: self.init(rawValue: "activation")
    case .multiply:
      // One factor per channel, as squeeze-excite gives, needs no second image.
      let spreads = network.nodes[node.inputs[1]].shape != node.shape
      self.init(rawValue: spreads ? "scale" : "multiply")
    case .linear where node.op.isBF16: self.init(rawValue: Self.half + node.op.name)
    default: self.init(rawValue: node.op.name)
    }
  }

  /// What stands before the categories of layers in BF16, and of those that stay in FP32 in a network of bytes.
  private static let (half, full) = ("half-", "full-")

  private init(_ convolution: Convolution, channels: Int, output: Shape) {
    let (kernel, format) = (convolution.kernel, convolution.isBF16 ? Self.half : "")
    let side = kernel.height == kernel.width ? "\(kernel.height)" : "\(kernel.height)x\(kernel.width)"
    if convolution.groups == 1 {
      // On a single pixel a convolution is a matrix times a vector: bound by reading weights, as a linear layer.
      let narrow = output[2] * output[3] == 1 ? "linear" : "pointwise"
      self.init(rawValue: format + (kernel == .one ? narrow : "dense" + side))
    } else {
      let isDepthwise = convolution.groups == channels && convolution.channels == channels
      self.init(rawValue: (isDepthwise ? "depthwise" : Self.grouped(convolution, channels: channels)) + side)
    }
  }

  /// Instructions on bytes take four channels at once. Groups of other widths may be left to plain loops, which take more than
  /// ten times as long (OpenVINO 2026.4).
  private static func grouped(_ convolution: Convolution, channels: Int) -> String {
    let fills = [channels, convolution.channels].allSatisfy { $0 / convolution.groups % 4 == 0 }
    return fills ? "grouped" : "ragged-grouped"
  }
}

extension Network.Node {
  /// Whether this is a layer that reads numbers, in a network in which others read bytes.
  fileprivate func isLeftInNumbers(in network: Network) -> Bool {
    switch op {
    case .convolution, .linear:
      network.nodes[inputs[0]].grid == nil && network.nodes.contains { $0.grid != nil }
    default: false
    }
  }
}
