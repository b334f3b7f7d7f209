import Diagnostics
import Foundation
import Networks

/// A node of an ONNX graph, read with checks.
struct ONNXNodeReader {
  let proto: ONNXNodeProto
  let path: String
  /// The version of the operators.
  let operatorSet: Int
  private let attributes: [String: ONNXAttributeProto]

  init(_ proto: ONNXNodeProto, operatorSet: Int, path: String) {
    (self.proto, self.operatorSet, self.path) = (proto, operatorSet, path)
    attributes = Dictionary(proto.attribute.map { ($0.name, $0) }) { first, _ in first }
  }

  /// The operator, with its domain where that is not the standard's.
  var op: String {
    proto.domain.isEmpty || proto.domain == "ai.onnx" ? proto.opType : "\(proto.domain).\(proto.opType)"
  }

  /// The node's name, or that of its first output where it has none.
  var name: String { proto.name.isEmpty ? proto.output.first ?? "" : proto.name }

  /// The inputs that are not left out.
  var inputs: [String] { proto.input.filter { !$0.isEmpty } }

  /// An input by position, or `nil` where it is left out.
  func input(_ position: Int) -> String? {
    position < proto.input.count && !proto.input[position].isEmpty ? proto.input[position] : nil
  }

  /// Says that this node cannot be used.
  func unusable(_ problem: String, value: String? = nil, rule: String? = nil, remedy: String? = nil) -> Diagnostic {
    Diagnostic(
      .unusableFile, "\(op): \(problem)", at: .init(file: path, path: name), value: value, rule: rule, remedy: remedy)
  }

  /// Throws where something does not hold.
  func require(_ holds: Bool, _ rule: String, value: @autoclosure () -> String? = nil) throws {
    guard holds else { throw unusable("this form is not supported", value: value(), rule: rule) }
  }

  func has(_ name: String) -> Bool { attributes[name] != nil }

  func integer(_ name: String, default value: Int) -> Int { attributes[name].map { Int($0.i) } ?? value }

  func integers(_ name: String) -> [Int]? { attributes[name].map { $0.ints.map { Int($0) } } }

  func real(_ name: String, default value: Float) -> Float { attributes[name]?.f ?? value }

  func reals(_ name: String) -> [Float]? { attributes[name]?.floats }

  func text(_ name: String, default value: String) -> String {
    attributes[name].map { String(decoding: $0.s, as: UTF8.self) } ?? value
  }

  func tensor(_ name: String) -> ONNXTensorProto? { attributes[name]?.t }

  /// A height and a width, both at least 1.
  func extent(_ name: String, default value: Extent = .one) throws -> Extent {
    guard let numbers = integers(name) else { return value }
    try require(
      numbers.count == 2 && numbers.allSatisfy { (1..<1 << 20).contains($0) }, "\(name) are a height and a width",
      value: "\(numbers.prefix(8))")
    return Extent(height: numbers[0], width: numbers[1])
  }

  /// The border of a window that moves over an image, with `auto_pad` worked out.
  func padding(_ image: Extent, kernel: Extent, stride: Extent, dilation: Extent = .one) throws -> Padding {
    let mode = text("auto_pad", default: "NOTSET")
    switch mode {
    case "VALID": return .zero
    case "SAME_UPPER", "SAME_LOWER":
      let rows = Self.total(image.height, kernel.height, stride.height, dilation.height)
      let columns = Self.total(image.width, kernel.width, stride.width, dilation.width)
      let (top, left) = mode == "SAME_UPPER" ? (rows / 2, columns / 2) : (rows - rows / 2, columns - columns / 2)
      return Padding(top: top, left: left, bottom: rows - top, right: columns - left)
    default:
      let pads = integers("pads") ?? [0, 0, 0, 0]
      try require(
        pads.count == 4 && pads.allSatisfy { (0..<1 << 20).contains($0) },
        "pads are two starts and two ends, none negative",
        value: "\(pads.prefix(8))")
      return Padding(top: pads[0], left: pads[1], bottom: pads[2], right: pads[3])
    }
  }

  /// The padding that gives ceil(size / stride) windows.
  private static func total(_ size: Int, _ kernel: Int, _ stride: Int, _ dilation: Int) -> Int {
    let windows = (size + stride - 1) / stride
    return max(0, (windows - 1) * stride + dilation * (kernel - 1) + 1 - size)
  }
}
