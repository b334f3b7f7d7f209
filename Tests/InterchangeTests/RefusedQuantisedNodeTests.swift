import Diagnostics
import Interchange
import Tensors
import Testing

private typealias Grid = QuantisedModel.Grid

private let image: Shape = [1, 8, 7, 9]

@Suite("Quantised nodes that are refused")
struct RefusedQuantisedNodeTests {
  /// What is refused, the words that name it, and the nodes that follow a rounded input.
  struct Case: CustomTestStringConvertible {
    let testDescription: String
    let words: [String]
    let build: @Sendable (inout QuantisedModel) -> Void

    init(_ description: String, _ words: [String], _ build: @escaping @Sendable (inout QuantisedModel) -> Void) {
      (testDescription, self.words, self.build) = (description, words, build)
    }
  }

  private static let types: [Case] =
    [
      (.int16, 0), (.uint16, 0), (.int32, 0), (.int4, 0), (.uint4, 0), (.float8E4M3Fn, 0), (.float8E5M2, 0),
    ].map { (type: ONNXTensorProto.DataType, zero: Int) in
      Case("a grid of \(type)", ["\(type)"]) { model in
        model.output(model.rounded("x", Grid(scale: 0.05, zero: zero, type: type)))
      }
    } + [
      Case("a stated type of int16", ["int16", "the-n0"]) { model in
        let scale = model.reals(Tensor([], [0.05]))
        let bytes = model.node("QuantizeLinear", ["x", scale], [.integer("output_dtype", 5)])
        model.output(model.node("DequantizeLinear", [bytes, scale]))
      },
      Case("a stated type that is not the zero point's", ["int8", "uint8", "the-n0"]) { model in
        let (scale, zero) = (model.reals(Tensor([], [0.05])), model.constant([], [3], .uint8))
        let bytes = model.node("QuantizeLinear", ["x", scale, zero], [.integer("output_dtype", 3)])
        model.output(model.node("DequantizeLinear", [bytes, scale, zero]))
      },
      Case("a zero point of another type behind", ["uint8", "int8", "the-n1"]) { model in
        let bytes = model.quantised("x", Grid(scale: 0.05, zero: 3, type: .int8))
        model.output(model.dequantised(bytes, Grid(scale: 0.05, zero: 131)))
      },
      Case("a weight whose zero points are of another type", ["uint8", "int8", "the-n1"]) { model in
        let weight = model.constant([8, 8, 1, 1], Array(repeating: 1, count: 64), .int8)
        let operands = [weight, model.reals(Tensor([], [0.1])), model.constant([], [0], .uint8)]
        model.output(
          model.node("Conv", [model.node("Relu", ["x"]), model.node("DequantizeLinear", operands)]))
      },
      Case("a weight in int64", ["int64", "the-n1"]) { model in
        let operands = [model.integers(1, 2, 3, 4, 5, 6, 7, 8, 9), model.reals(Tensor([], [0.1]))]
        model.output(model.node("Add", [model.node("Relu", ["x"]), model.node("DequantizeLinear", operands)]))
      },
    ]

  private static let scales: [Case] = [
    Case("other scales behind", ["QuantizeLinear before", "the-n1"]) { model in
      model.output(model.dequantised(model.quantised("x", .usual), Grid(scale: 0.1, zero: 128)))
    },
    Case("a matrix of one scale", ["1×1", "the-n0"]) { model in
      let grid = [model.reals(Tensor([1, 1], [0.05])), model.constant([1, 1], [128], .uint8)]
      model.output(model.node("DequantizeLinear", [model.node("QuantizeLinear", ["x"] + grid)] + grid))
    },
    Case("several scales for a value", ["8 scales", "the-n0"]) { model in
      let grid = [model.reals(Tensor([8], repeating: 0.05)), model.constant([8], (0..<8).map { $0 }, .uint8)]
      model.output(model.node("DequantizeLinear", [model.node("QuantizeLinear", ["x"] + grid)] + grid))
    },
    Case("scales of another axis", ["8 scales", "axis 1", "the-n0"]) { model in
      let weight = model.constant([8, 4, 1, 1], Array(repeating: 1, count: 32), .int8)
      let scales = model.reals(Tensor([8], repeating: 0.05))
      let operands = [weight, scales, model.constant([8], Array(repeating: 0, count: 8), .int8)]
      let dequantised = model.node("DequantizeLinear", operands)
      model.output(model.node("Conv", ["x", dequantised], [.integer("group", 2)]))
    },
    Case("more scales than zero points", ["1 and 8", "the-n0"]) { model in
      let weight = model.constant([8, 8, 1, 1], Array(repeating: 1, count: 64), .int8)
      let operands = [weight, model.reals(Tensor([8], repeating: 0.05)), model.constant([], [0], .int8)]
      let dequantised = model.node("DequantizeLinear", operands, [.integer("axis", 0)])
      model.output(model.node("Conv", ["x", dequantised]))
    },
    Case("scales for blocks", ["block_size 4", "the-n0"]) { model in
      let weight = model.constant([8, 8, 1, 1], Array(repeating: 1, count: 64), .int8)
      let operands = [weight, model.reals(Tensor([8, 2, 1, 1], repeating: 0.05))]
      let dequantised = model.node("DequantizeLinear", operands, [.integer("axis", 1), .integer("block_size", 4)])
      model.output(model.node("Conv", ["x", dequantised]))
    },
  ]

  private static let bytes: [Case] = [
    Case("bytes that leave", ["moved", "n0"]) { $0.output($0.quantised("x", .usual)) },
    Case("bytes that are cast", ["moved", "the-n1"]) { model in
      model.output(model.node("Cast", [model.quantised("x", .usual)], [.integer("to", 1)]))
    },
    Case("bytes that are added", ["moved", "the-n1"]) { model in
      let bytes = model.quantised("x", .usual)
      model.output(model.dequantised(model.node("Add", [bytes, bytes]), .usual))
    },
    Case("bytes of two grids in one", ["one scale", "the-n2"]) { model in
      let parts = [model.quantised("x", .usual), model.quantised("x", Grid(scale: 0.05, zero: 120))]
      model.output(model.dequantised(model.node("Concat", parts, [.integer("axis", 1)]), .usual))
    },
  ]

  private static let others: [Case] =
    [10, 11, 16, 7, 9, 99].map { code in
      let name = ONNXTensorProto.DataType(rawValue: code).map { "\($0)" } ?? "\(code)"
      return Case("a value cast to \(name)", [name, "the-n1"]) { model in
        model.output(model.node("Cast", [model.node("Relu", ["x"])], [.integer("to", code)]))
      }
    } + [
      Case("a matrix product of an image", ["1×8×7×9", "the-n1"]) { model in
        let weight = model.weight([9, 10], axis: 1)
        model.output(model.node("Gemm", ["x", weight], []))
      },
      Case("a product with a matrix of another depth", ["1×8×7×9", "the-n"]) { model in
        let weight = model.weight([12, 10], axis: 1)
        model.output(model.node("MatMul", [model.rounded("x", .usual), weight]))
      },
    ]

  @Test("and named, with the node, the type and the rule", arguments: types + scales + bytes + others)
  func refused(case: Case) throws {
    var model = QuantisedModel(`case`.testDescription, image)
    `case`.build(&model)
    let error = try #require(throws: Diagnostic.self) { try ONNX.import(model.data(set: 21), path: "bad.onnx") }
    #expect(error.exitCode == 65 && error.place?.file == "bad.onnx", "\(error)")
    for word in `case`.words { #expect("\(error)".contains(word), "\(error)") }
  }
}
