import Networks
import Tensors

/// What a layer of a network computes in.
public enum LayerFormat: String, Hashable, Sendable, Codable, CaseIterable {
  /// FP32.
  case fp32
  /// Values and weights rounded to BF16 before they are multiplied; the results are FP32, so that nothing is converted.
  case bf16
  /// Bytes.
  case int8
}

extension CalibratedNetwork {
  /// The formats that every layer can have, of those that are wanted: bytes and FP32 always, BF16 without groups.
  package func formats(of wanted: [LayerFormat]) -> [[LayerFormat]] {
    let able = Set(network.nodes.filter { $0.op.canBeBF16 }.map(\.name))
    return layers.map { layer in wanted.filter { $0 != .bf16 || able.contains(layer) } }
  }

  /// The network with a format for every layer.
  ///
  /// - Throws: ``Diagnostic`` where a layer that cannot is to be in BF16.
  package func mixed(_ formats: [LayerFormat]) throws -> (network: Network, weights: Weights) {
    let (network, weights) = try quantised(isChosen: formats.map { $0 == .int8 })
    let halves = zip(layers, formats).filter { $0.1 == .bf16 }.map(\.0)
    return (try network.withBF16(Set(halves)), weights)
  }

  /// ‖Q(W) − W‖² of every layer in a format.
  public func weightErrors(_ format: LayerFormat) -> [Double] {
    switch format {
    case .fp32: layers.map { _ in 0 }
    case .bf16: halfErrors
    case .int8: byteErrors
    }
  }
}
