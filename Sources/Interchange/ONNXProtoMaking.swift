import Foundation
import Networks
import Tensors

extension ONNXAttributeProto {
  /// An integer.
  package static func integer(_ name: String, _ value: Int) -> Self {
    .with { ($0.name, $0.type, $0.i) = (name, .int, Int64(value)) }
  }

  /// A list of integers.
  package static func integers(_ name: String, _ values: [Int]) -> Self {
    .with { ($0.name, $0.type, $0.ints) = (name, .ints, values.map(Int64.init)) }
  }

  /// A real number.
  package static func real(_ name: String, _ value: Float) -> Self {
    .with { ($0.name, $0.type, $0.f) = (name, .float, value) }
  }

  /// A text.
  package static func text(_ name: String, _ value: String) -> Self {
    .with { ($0.name, $0.type, $0.s) = (name, .string, Data(value.utf8)) }
  }

  /// The four sides of a border in the order of ONNX: all starts, then all ends.
  static func padding(_ padding: Padding) -> Self {
    .integers("pads", [padding.top, padding.left, padding.bottom, padding.right])
  }

  /// A height and a width.
  static func extent(_ name: String, _ extent: Extent) -> Self { .integers(name, [extent.height, extent.width]) }
}

extension ONNXTensorProto {
  /// FP32 numbers.
  package static func reals(_ name: String, _ tensor: Tensor) -> Self {
    .with {
      ($0.name, $0.dataType) = (name, Int32(ONNXTensorProto.DataType.float.rawValue))
      $0.dims = tensor.shape.dimensions.map(Int64.init)
      $0.rawData = tensor.values.withUnsafeBytes { Data($0) }
    }
  }

  /// A list of integers.
  package static func integers(_ name: String, _ values: [Int]) -> Self {
    .with {
      ($0.name, $0.dataType) = (name, Int32(ONNXTensorProto.DataType.int64.rawValue))
      $0.dims = [Int64(values.count)]
      $0.rawData = values.map { Int64($0).littleEndian }.withUnsafeBytes { Data($0) }
    }
  }
}

extension ONNXValueInfoProto {
  /// An FP32 value whose first extent, the batch, is symbolic.
  package static func batch(_ name: String, _ shape: Shape) -> Self {
    var tensor = ONNXTypeProto.Tensor()
    tensor.elemType = Int32(ONNXTensorProto.DataType.float.rawValue)
    tensor.shape.dim = shape.dimensions.enumerated().map { axis, extent in
      .with { $0.value = axis == 0 ? .dimParam("batch") : .dimValue(Int64(extent)) }
    }
    return .with {
      $0.name = name
      $0.type.tensorType = tensor
    }
  }
}
