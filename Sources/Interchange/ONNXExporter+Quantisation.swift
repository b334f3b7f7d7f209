import Foundation
import Networks
import Tensors

/// Quantised networks as QDQ files: a QuantizeLinear and a DequantizeLinear for the grid of every value, and weights as
/// signed bytes with a DequantizeLinear of their own, which ONNX Runtime and others turn into arithmetic on bytes.
extension ONNXExporter {
  /// Rounds the value `raw` to a grid under the name `output`.
  mutating func emitRounding(_ raw: String, _ grid: ByteGrid, name: String, output: String) {
    let scale = constant(name + ".scale", Tensor([], [grid.scale]))
    let zero = constant(name + ".zero", bytes: [grid.zero], shape: [], .uint8)
    let bytes = unusedName(name + ".bytes")
    emit("QuantizeLinear", [raw, scale, zero], name: name + ".quantise", output: bytes)
    emit("DequantizeLinear", [bytes, scale, zero], name: name + ".dequantise", output: output)
  }

  /// The parameters of a layer as its ONNX operator reads them: bytes with their scales are dequantised in the file.
  mutating func layerParameters(
    _ node: Network.Node, hasBias: Bool, hasByteWeights: Bool
  ) throws -> [String] {
    guard hasByteWeights, let operand = node.inputs.first, let input = network.nodes[operand].grid else {
      return try node.parameters.prefix(hasBias ? 2 : 1).map { try constant($0) }
    }
    let tensors = try node.parameters.map { try tensor($0) }
    let (weight, scales) = (tensors[0], tensors[hasBias ? 2 : 1])
    var names = [dequantised(node.name + ".weight", weight, scales, bytes: true)]
    if hasBias {
      var units = scales
      units.values = units.values.map { $0 * input.scale }
      names.append(dequantised(node.name + ".bias", tensors[1], units, bytes: false))
    }
    return names
  }

  /// Whole multiples of a scale per index of the first dimension, as 8- or 32-bit integers.
  private mutating func dequantised(_ name: String, _ tensor: Tensor, _ scales: Tensor, bytes: Bool) -> String {
    let size = max(1, tensor.values.count / scales.values.count)
    let limit: Double = bytes ? 127 : 0x3fff_ffff
    let integers = tensor.values.indices.map { i in
      let units = Double(tensor.values[i]) / Double(scales.values[i / size])
      return Int32(max(-limit, min(limit, units.rounded(.toNearestOrEven))))
    }
    let scale = constant(name + ".scale", scales)
    let whole: String
    let zero: String
    if bytes {
      whole = constant(name, bytes: integers.map { UInt8(bitPattern: Int8($0)) }, shape: tensor.shape, .int8)
      zero = constant(
        name + ".zero", bytes: Array(repeating: 0, count: scales.values.count), shape: scales.shape, .int8)
    } else {
      whole = constant(name, words: integers, shape: tensor.shape)
      zero = constant(name + ".zero", words: Array(repeating: 0, count: scales.values.count), shape: scales.shape)
    }
    let output = unusedName(name + ".numbers")
    emit(
      "DequantizeLinear", [whole, scale, zero], name: name + ".dequantise", output: output,
      [.integer("axis", 0)])
    return output
  }

  private mutating func constant(
    _ wish: String, bytes: [UInt8], shape: Shape, _ type: ONNXTensorProto.DataType
  ) -> String {
    addConstant(wish, shape, type, Data(bytes))
  }

  private mutating func constant(_ wish: String, words: [Int32], shape: Shape) -> String {
    addConstant(wish, shape, .int32, words.map(\.littleEndian).withUnsafeBytes { Data($0) })
  }

  private mutating func addConstant(
    _ wish: String, _ shape: Shape, _ type: ONNXTensorProto.DataType, _ data: Data
  ) -> String {
    let name = unusedName(wish)
    result.initializer.append(
      .with {
        ($0.name, $0.dataType) = (name, Int32(type.rawValue))
        $0.dims = shape.dimensions.map(Int64.init)
        $0.rawData = data
      })
    return name
  }
}
