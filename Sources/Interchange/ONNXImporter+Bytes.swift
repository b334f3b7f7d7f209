import Diagnostics
import Networks

/// Operators between QuantizeLinear and DequantizeLinear: what moves or picks numbers does the same to bytes, and the values
/// stay on their grid.
extension ONNXImporter {
  /// The operators that may read bytes.
  private static let movers: Set = [
    "Concat", "Flatten", "Gather", "MaxPool", "Reshape", "Shape", "Slice", "Split", "Squeeze", "Transpose", "Unsqueeze",
  ]

  /// Reads a node whose operands may be bytes.
  mutating func read(_ node: ONNXNodeReader, by operation: Operation) throws {
    guard Self.movers.contains(node.op) else { return try operation(&self, node) }
    let operands = node.op == "Concat" ? node.inputs : Array(node.inputs.prefix(1))
    var bytes: [String: (value: ImportedValue, grid: ByteGrid, isSigned: Bool)] = [:]
    for name in operands {
      if case .bytes(let value, let grid, let isSigned)? = values[name] { bytes[name] = (value, grid, isSigned) }
    }
    guard let first = bytes.values.first else { return try operation(&self, node) }
    try node.require(
      operands.allSatisfy { bytes[$0]?.grid == first.grid && bytes[$0]?.isSigned == first.isSigned },
      "bytes of one scale, zero point and type are joined")
    // The operator sees the values that the bytes stand for.
    for (name, operand) in bytes { values[name] = operand.value }
    try operation(&self, node)
    for name in Array(bytes.keys) + node.proto.output {
      guard let value = values[name] else { continue }
      if case .constant = value { continue }
      if let moved = value.movedSource, builder.grid(moved) == nil { builder.setGrid(first.grid, of: moved) }
      values[name] = .bytes(value, first.grid, isSigned: first.isSigned)
    }
  }

  /// Says that bytes are read as if they were numbers.
  func unmoved(_ name: String, _ node: ONNXNodeReader?) -> Diagnostic {
    Diagnostic(
      .unusableFile, "the bytes of a QuantizeLinear are read as numbers",
      at: .init(file: path, path: node?.name ?? name),
      value: name,
      rule: "they are only moved, by \(Self.movers.sorted().joined(separator: ", ")), until a DequantizeLinear",
      remedy: "put a DequantizeLinear between")
  }
}

extension ImportedValue {
  /// The value of the network whose numbers this has in another order or shape.
  var movedSource: Network.ValueID? {
    switch self {
    case .node(let source), .grouped(let source, _, _), .column(let source), .permuted(let source, _): source
    default: nil
    }
  }
}
