import Compute
import Diagnostics
import Inference
import Interchange
import Networks
import Tensors
import TestSupport
import Testing

private let image: Shape = [1, 6, 7, 9]
private let tokens: Shape = [1, 5, 8]

@Suite("Single ONNX operators")
struct SingleOperatorTests {
  @Test("the corners of the attributes give ONNX Runtime's numbers at every level", .enabled(if: Oracle.isExpected))
  func numbers() throws {
    let models = Self.windows + Self.arithmetic + Self.layouts + Self.rows
    let inputs = models.enumerated().map { number, model -> [String: Tensor] in
      var random = RandomSource(seed: UInt64(number), purpose: "x")
      let shape = Shape([2] + model.input.dimensions[1...])
      return ["x": Tensor(shape, (0..<shape.elementCount).map { _ in Float(2 * random.normal()) })]
    }
    let imported = try models.map { try ONNX.import($0.data(), path: $0.testDescription) }
    let files = try zip(models, imported).map { model, imported in
      let network = imported.network
      return try model.data(
        outputs: Dictionary(
          uniqueKeysWithValues: network.outputs.map { ($0.name, network.nodes[$0.value].shape) }))
    }
    let theirs = try Oracle.run(zip(files, inputs).map { .init(onnx: $0, inputs: $1) })
    for (number, model) in models.enumerated() {
      let (network, weights) = imported[number]
      let fused = try network.fused(with: weights)
      for isa in CPU.current.levels {
        let compiled = try CompiledNetwork(
          fused.network, weights: fused.weights, batch: 2, pool: ThreadPool(threads: 2), isa: isa)
        let ours = try compiled.run(inputs[number])
        for (name, expected) in theirs[number] {
          let found = try #require(ours[name])
          #expect(found.shape == expected.shape, "\(model.testDescription): \(found.shape), \(expected.shape)")
          #expect(relativeDifference(found, expected) < 1e-5, "\(model.testDescription), \(isa)")
        }
      }
    }
  }

  // MARK: Windows

  private static func integers(_ name: String, _ values: Int...) -> ONNXAttributeProto { .integers(name, values) }

  private static let windows: [OperatorModel] = convolutions + pools + resizes

  private static let convolutions: [OperatorModel] = [
    .init("uneven pads", "Conv", image, [.random([4, 6, 3, 3])], [integers("pads", 0, 1, 2, 3)]),
    .init(
      "dilation, stride and pads", "Conv", image, [.random([4, 6, 3, 2]), .random([4])],
      [integers("dilations", 2, 3), integers("strides", 2, 1), integers("pads", 2, 1, 1, 2)]),
    .init("groups", "Conv", image, [.random([9, 2, 3, 3]), .random([9])], [.integer("group", 3)]),
    .init("depthwise", "Conv", image, [.random([6, 1, 3, 3])], [.integer("group", 6), integers("pads", 1, 1, 1, 1)]),
    .init("depthwise with two outputs each", "Conv", image, [.random([12, 1, 3, 3])], [.integer("group", 6)]),
    .init("one pixel, every second", "Conv", image, [.random([5, 6, 1, 1])], [integers("strides", 2, 2)]),
    .init(
      "as large above", "Conv", image, [.random([4, 6, 4, 4])],
      [.text("auto_pad", "SAME_UPPER"), integers("strides", 2, 2)]),
    .init(
      "as large below", "Conv", image, [.random([4, 6, 4, 4])],
      [.text("auto_pad", "SAME_LOWER"), integers("strides", 2, 2)]),
    .init("no pads", "Conv", image, [.random([4, 6, 3, 3])], [.text("auto_pad", "VALID")], set: 11),
    .init(
      "zeros around it before", image,
      constants: [.integers([0, 0, 1, 0, 0, 0, 0, 2]), .random([4, 6, 3, 3])],
      nodes: [
        OperatorModel.node("Pad", ["x", "a"], ["p"]), OperatorModel.node("Conv", ["p", "b"], ["y"]),
      ]),
  ]

  private static let pools: [OperatorModel] =
    ["MaxPool", "AveragePool"].flatMap { op -> [OperatorModel] in
      [
        .init("uneven pads", op, image, [], [integers("kernel_shape", 3, 3), integers("pads", 0, 1, 2, 1)]),
        .init(
          "rounding up", op, image, [],
          [integers("kernel_shape", 3, 2), integers("strides", 2, 2), .integer("ceil_mode", 1)]),
        .init(
          "as large above", op, image, [],
          [integers("kernel_shape", 2, 2), integers("strides", 2, 2), .text("auto_pad", "SAME_UPPER")]),
        .init(
          "as large below", op, image, [],
          [integers("kernel_shape", 3, 3), integers("strides", 2, 2), .text("auto_pad", "SAME_LOWER")]),
        .init("no pads", op, image, [], [integers("kernel_shape", 2, 3), .text("auto_pad", "VALID")], set: 11),
      ]
    } + [
      .init(
        "padding counts", "AveragePool", image, [],
        [integers("kernel_shape", 3, 3), integers("pads", 1, 1, 1, 1), .integer("count_include_pad", 1)]),
      .init("whole image", "GlobalAveragePool", image), .init("whole image", "GlobalMaxPool", image),
    ]

  private static let resizes: [OperatorModel] = [
    .init(
      "doubled, nearest", "Resize", image, [.none, .reals([4], [1, 1, 2, 2])],
      [.text("coordinate_transformation_mode", "asymmetric"), .text("nearest_mode", "floor")]),
    .init(
      "halves down, nearest", "Resize", [1, 2, 8, 6], [.none, .reals([4], [1, 1, 0.5, 1.5])],
      [.text("coordinate_transformation_mode", "half_pixel"), .text("nearest_mode", "round_prefer_ceil")]),
    .init("nearest as the standard has it", "Resize", image, [.none, .reals([4], [1, 1, 3, 2])]),
    .init("linear", "Resize", image, [.none, .reals([4], [1, 1, 2, 3])], [.text("mode", "linear")]),
    .init(
      "linear, corners meet", "Resize", image, [.none, .reals([4], [1, 1, 2, 2])],
      [.text("mode", "linear"), .text("coordinate_transformation_mode", "align_corners")]),
    .init(
      "linear from the corner", "Resize", image, [.none, .reals([4], [1, 1, 2, 2])],
      [.text("mode", "linear"), .text("coordinate_transformation_mode", "asymmetric")], set: 13),
  ]

  // MARK: Arithmetic

  private static let arithmetic: [OperatorModel] = products + broadcasts + activations

  private static let products: [OperatorModel] = [
    .init("weight as it lies", "Gemm", [1, 8], [.random([8, 5])]),
    .init(
      "everything", "Gemm", [1, 8], [.random([5, 8]), .random([1, 5])],
      [.integer("transB", 1), .real("alpha", 0.5), .real("beta", 2)]),
    .init("one bias for all", "Gemm", [1, 8], [.random([8, 5]), .random([1])], set: 11),
    .init("tokens and a matrix", "MatMul", tokens, [.random([8, 3])]),
    .init("pixels' rows and a matrix", "MatMul", image, [.random([9, 3])]),
    .init("a matrix for all images", "MatMul", tokens, [.random([1, 4, 5])], constantFirst: true),
    .init(
      "a bias after it", tokens, constants: [.random([8, 3]), .random([3])],
      nodes: [OperatorModel.node("MatMul", ["x", "a"], ["p"]), OperatorModel.node("Add", ["b", "p"], ["y"])]),
    .init(
      "its own transpose, scaled", tokens, constants: [.reals([], [0.3])],
      nodes: [
        OperatorModel.node("Transpose", ["x"], ["t"], [integers("perm", 0, 2, 1)]),
        OperatorModel.node("Mul", ["t", "a"], ["s"]), OperatorModel.node("MatMul", ["x", "s"], ["y"]),
      ]),
  ]

  private static let broadcasts: [OperatorModel] =
    ["Add", "Sub", "Mul", "Div"].flatMap { op -> [OperatorModel] in
      [
        .init("one number", op, image, [.positive([])]), .init("per channel", op, image, [.positive([6, 1, 1])]),
        .init("per column", op, image, [.positive([9])]),
        .init("per row and channel", op, image, [.positive([1, 6, 7, 1])]),
        .init("per feature", op, tokens, [.positive([8])]), .init("per token", op, tokens, [.positive([1, 5, 1])]),
        .init("constant ahead", op, tokens, [.positive([8])], constantFirst: true),
      ]
    } + [
      .init("bounded below", "Max", tokens, [.random([8])]), .init("bounded above", "Min", image, [.random([])]),
      .init("square", "Pow", tokens, [.reals([], [2])]), .init("negative", "Neg", tokens),
      .init(
        "means and channels", image,
        nodes: [OperatorModel.node("GlobalAveragePool", ["x"], ["m"]), OperatorModel.node("Sub", ["x", "m"], ["y"])]),
      .init("norm", "BatchNormalization", image, [.random([6]), .random([6]), .random([6]), .positive([6])]),
      .init(
        "norm of vectors", "BatchNormalization", [1, 6], [.random([6]), .random([6]), .random([6]), .positive([6])]),
      .init(
        "norm of tokens", "BatchNormalization", tokens, [.random([5]), .random([5]), .random([5]), .positive([5])]),
    ]

  private static let activations: [OperatorModel] = [
    .init("no bounds", "Clip", image), .init("above", "Clip", image, [.reals([], [-0.5])]),
    .init("below", "Clip", tokens, [.none, .reals([], [0.7])]),
    .init("between", "Clip", image, [.reals([], [-1]), .reals([], [1.5])]),
    .init("0 to 6", "Clip", image, [.reals([], [0]), .reals([], [6])]),
    .init("defaults", "HardSigmoid", image), .init("tokens", "HardSigmoid", tokens, [], [.real("alpha", 0.3)]),
    .init("image", "HardSwish", image), .init("defaults", "LeakyRelu", image), .init("tokens", "Tanh", tokens),
    .init("exact", "Gelu", tokens, set: 20), .init("tanh", "Gelu", image, [], [.text("approximate", "tanh")], set: 20),
    .init("its own", "Sigmoid", tokens), .init("image", "Relu", image),
  ]

  // MARK: Layouts

  private static let layouts: [OperatorModel] = orders + parts

  private static let orders: [OperatorModel] = [
    .init("channels last", "Transpose", image, [], [integers("perm", 0, 2, 3, 1)]),
    .init("channels first", "Transpose", image, [], [integers("perm", 0, 3, 1, 2)]),
    .init("rows and channels", "Transpose", image, [], [integers("perm", 0, 2, 1, 3)]),
    .init("tokens", "Transpose", tokens, [], [integers("perm", 0, 2, 1)]),
    .init("keeps and infers", "Reshape", image, [.integers([0, 3, -1, 9])]),
    .init("groups", "Reshape", image, [.integers([-1, 2, 3, 7, 9])]),
    .init("heads and images", "Reshape", tokens, [.integers([-1, 8])]),
    .init("all", "Flatten", image), .init("two axes", "Flatten", image, [], [.integer("axis", 2)]),
    .init("from the end", "Flatten", image, [], [.integer("axis", -1)]),
    .init("attribute", "Squeeze", [1, 5, 1, 8], [], [integers("axes", 2)], set: 11),
    .init("input", "Squeeze", [1, 5, 8, 1], [.integers([-1])], set: 13),
    .init("attribute", "Unsqueeze", tokens, [], [integers("axes", 1, 4)], set: 11),
    .init("input", "Unsqueeze", tokens, [.integers([-1])], set: 13),
    .init("ones", "Expand", [1, 5, 1], [.integers([1, 5, 8])]),
    .init(
      "the batch moves and comes back", [1, 5, 12], constants: [.integers([0, 5, 3, 4]), .integers([1])],
      nodes: [
        OperatorModel.node("Reshape", ["x", "a"], ["r"]),
        OperatorModel.node("Transpose", ["r"], ["t"], [integers("perm", 2, 0, 3, 1)]),
        OperatorModel.node("Gather", ["t", "b"], ["g"], [.integer("axis", 0)]),
        OperatorModel.node("Squeeze", ["g"], ["y"], [integers("axes", 0)]),
      ]),
  ].map { $0.testDescription.hasPrefix("the batch") ? $0.with(set: 11) : $0 }

  private static let parts: [OperatorModel] = [
    .init(
      "every second, from the end", "Slice", image,
      [.integers([-6]), .integers([.max]), .integers([3]), .integers([2])]),
    .init(
      "one position, and a step beyond the end", "Slice", image,
      [.integers([2]), .integers([.max]), .integers([3]), .integers([1 << 62])]),
    .init("two axes", "Slice", image, [.integers([1, 2]), .integers([5, -1]), .integers([1, -1])]),
    .init("attributes", "Slice", image, [], [integers("starts", 1), integers("ends", 3), integers("axes", 2)], set: 9),
    .init("beyond the end", "Slice", tokens, [.integers([2]), .integers([100]), .integers([1]), .integers([3])]),
    .init("equal", "Split", image, [], [.integer("axis", 1)], set: 13, outputs: ["y1", "y2", "y3"]),
    .init(
      "sizes", "Split", image, [.integers([2, 3, 4])], [.integer("axis", -1)], set: 13, outputs: ["y1", "y2", "y3"]),
    .init(
      "attribute", "Split", tokens, [], [.integer("axis", 1), integers("split", 2, 3)], set: 11,
      outputs: ["y1", "y2"]),
    .init(
      "the last is smaller", "Split", tokens, [], [.integer("axis", 1), .integer("num_outputs", 2)], set: 18,
      outputs: ["y1", "y2"]),
    .init("every second", "Gather", tokens, [.integers([0, 2, 4])], [.integer("axis", 1)]),
    .init(
      "everything in another shape", [1, 5, 1, 1],
      constants: [.integers([-1]), .reals([], [0]), .reals([], [1]), .integers([-1, 5, 1])],
      nodes: [
        OperatorModel.node("Relu", ["x"], ["r"]), OperatorModel.node("Reshape", ["r", "a"], ["all"]),
        OperatorModel.node("Shape", ["all"], ["extents"]), OperatorModel.node("Squeeze", ["extents"], ["extent"]),
        OperatorModel.node("Cast", ["b"], ["start"], [.integer("to", 7)]),
        OperatorModel.node("Cast", ["c"], ["step"], [.integer("to", 7)]),
        OperatorModel.node("Range", ["start", "extent", "step"], ["positions"]),
        OperatorModel.node("Reshape", ["positions", "d"], ["places"]),
        OperatorModel.node("Gather", ["all", "places"], ["y"], [.integer("axis", 0)]),
      ]),
    .init(
      "rows of a table", tokens, constants: [.random([6, 8]), .integers([3, 1, 0, 5, -1]), .integers([5, 1])],
      nodes: [
        OperatorModel.node("Reshape", ["b", "c"], ["places"]),
        OperatorModel.node("GatherND", ["a", "places"], ["rows"]),
        OperatorModel.node("Add", ["x", "rows"], ["y"]),
      ]),
    .init(
      "elements of a table", tokens,
      constants: [
        .random([6, 2]), .integers([0, 1, 5, 0, 3, -1, 2, 0, -6, 0, 4, 1, 1, 1, 1, 0]), .integers([8, 2]),
      ],
      nodes: [
        OperatorModel.node("Reshape", ["b", "c"], ["places"]),
        OperatorModel.node("GatherND", ["a", "places"], ["row"]),
        OperatorModel.node("Add", ["x", "row"], ["y"]),
      ]),
    .init(
      "rows joined", image,
      nodes: [
        OperatorModel.node("Relu", ["x"], ["r"]),
        OperatorModel.node("Concat", ["x", "r"], ["y"], [.integer("axis", 2)]),
      ]),
    .init(
      "columns joined", tokens,
      nodes: [
        OperatorModel.node("Relu", ["x"], ["r"]),
        OperatorModel.node("Concat", ["r", "x"], ["y"], [.integer("axis", -1)]),
      ]),
  ]

  // MARK: Rows

  private static let rows: [OperatorModel] = [
    .init("all from the channels on", "Softmax", image, set: 11),
    .init("the last two", "Softmax", image, [], [.integer("axis", 2)], set: 11),
    .init("the last", "Softmax", image, set: 13),
    .init("tokens", "Softmax", tokens, [], [.integer("axis", 1)], set: 13),
    .init("channels", "Softmax", image, [], [.integer("axis", 1)], set: 13),
    .init("attribute", "ReduceMean", image, [], [integers("axes", 2, 3)], set: 13),
    .init("input", "ReduceMean", image, [.integers([-2, -1])], [.integer("keepdims", 0)], set: 18),
    .init("tokens", "ReduceMean", tokens, [], [integers("axes", 1), .integer("keepdims", 0)], set: 13),
    .init("the last", "ReduceMean", tokens, [], [integers("axes", -1)], set: 11),
    .init("channels", "ReduceMean", image, [], [integers("axes", 1), .integer("keepdims", 0)], set: 13),
    .init("with bias", "LayerNormalization", tokens, [.random([8]), .random([8])], [.real("epsilon", 1e-3)]),
    .init("without bias", "LayerNormalization", image, [.random([9])]),
    .init(
      "layer norm spelled out", tokens,
      constants: [.reals([], [2]), .reals([], [1e-5]), .random([8]), .random([8])],
      nodes: [
        OperatorModel.node("ReduceMean", ["x"], ["m"], [integers("axes", -1)]),
        OperatorModel.node("Sub", ["x", "m"], ["r"]), OperatorModel.node("Pow", ["r", "a"], ["q"]),
        OperatorModel.node("ReduceMean", ["q"], ["v"], [integers("axes", -1)]),
        OperatorModel.node("Add", ["v", "b"], ["e"]), OperatorModel.node("Sqrt", ["e"], ["s"]),
        OperatorModel.node("Div", ["r", "s"], ["n"]), OperatorModel.node("Mul", ["n", "c"], ["g"]),
        OperatorModel.node("Add", ["g", "d"], ["y"]),
      ]),
    .init(
      "gelu spelled out", tokens, constants: [.reals([], [1.4142135]), .reals([], [1]), .reals([], [0.5])],
      nodes: [
        OperatorModel.node("Div", ["x", "a"], ["s"]), OperatorModel.node("Erf", ["s"], ["e"]),
        OperatorModel.node("Add", ["e", "b"], ["p"]), OperatorModel.node("Mul", ["x", "p"], ["m"]),
        OperatorModel.node("Mul", ["m", "c"], ["y"]),
      ]),
  ]

  // MARK: What is refused

  private static let refused: [OperatorModel] = [
    .init("backwards", "Slice", image, [.integers([5]), .integers([0]), .integers([2]), .integers([-1])]),
    .init("the batch", "Softmax", tokens, [], [.integer("axis", 0)]),
    .init("the batch", "ReduceMean", tokens, [], [integers("axes", 0)], set: 13),
    .init("everything", "ReduceMean", tokens, set: 13),
    .init("transposed operand", "Gemm", [1, 8], [.random([1, 5])], [.integer("transA", 1)]),
    .init("lines", "Conv", tokens, [.random([4, 5, 3])]), .init("unknown", "Det", tokens),
    .init("dilated", "MaxPool", image, [], [integers("kernel_shape", 2, 2), integers("dilations", 2, 2)]),
    .init("curves", "Resize", image, [.none, .reals([4], [1, 1, 2, 2])], [.text("mode", "cubic")]),
    .init("the batch", "Transpose", tokens, [], [integers("perm", 1, 0, 2)]),
    .init("the batch", "Concat", tokens, [.random([1, 5, 8])], [.integer("axis", 0)]),
    .init("one batch only", "Add", tokens, [.random([2, 5, 8])]), .init("of x alone", "Erf", tokens),
  ]

  @Test("forms that would change the numbers are refused with the node's name", arguments: refused)
  func refusal(model: OperatorModel) throws {
    let data = try model.data()
    let error = #expect(throws: Diagnostic.self) { try ONNX.import(data, path: "model.onnx") }
    #expect(error?.place?.file == "model.onnx" && error?.category == .unusableFile)
    let path = error?.place?.path ?? ""
    #expect(path.hasPrefix("the-") || path == "y", "\(error?.description ?? "no error")")
  }
}

extension OperatorModel {
  /// The same for another version of the operators.
  func with(set: Int) -> OperatorModel { OperatorModel(copying: self, set: set) }

  private init(copying model: OperatorModel, set: Int) {
    (testDescription, input, operatorSet, nodes, constants) = (
      model.testDescription, model.input, set, model.nodes, model.constants
    )
  }
}
