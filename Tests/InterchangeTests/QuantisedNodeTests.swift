import Compute
import Diagnostics
import Foundation
import Inference
import Interchange
import Networks
import Tensors
import TestSupport
import Testing

private typealias Grid = QuantisedModel.Grid

private let usual = Grid.usual
private let image: Shape = [1, 8, 7, 9]

@Suite("Quantised nodes of others")
struct QuantisedNodeTests {
  @Test("give ONNX Runtime's numbers on bytes and on FP32, at every level", .enabled(if: Oracle.isExpected))
  func numbers() throws {
    let models = moves() + layers() + aliases() + sums()
    let imported = try models.map { try ONNX.import($0.data(), path: $0.description) }
    let theirs = try Oracle.run(
      try zip(models, imported).map { model, imported in
        let shapes = imported.network.outputs.map { ($0.name, imported.network.nodes[$0.value].shape) }
        return .init(
          onnx: try model.data(outputs: Dictionary(uniqueKeysWithValues: shapes)), inputs: ["x": model.sample])
      }, isLiteral: true)
    for (number, model) in models.enumerated() {
      let (network, weights) = imported[number]
      #expect(network.isQuantised)
      let fused = try network.fused(with: weights)
      for isa in CPU.current.levels {
        for precision in Precision.allCases where precision == .int8 || isa <= .avx512 {
          let compiled = try CompiledNetwork(
            fused.network, weights: fused.weights, batch: 2, pool: ThreadPool(threads: 2), isa: isa,
            precision: precision)
          let ours = try compiled.run(["x": model.sample])
          for (name, step) in model.outputs {
            try compare(ours[name], theirs[number][name], step, "\(model.description), \(isa), \(precision), \(name)")
          }
        }
      }
    }
  }

  /// Units of the sums so coarse that a bias in FP32 is far from a whole number of them. ONNX Runtime rounds it; the
  /// standard does not.
  @Test("keep a bias in FP32 that is no whole number of the sums' units", arguments: [true, false])
  func coarseBias(isRounded: Bool) throws {
    var model = QuantisedModel("coarse units", [1, 6, 5, 5])
    let bytes = model.constant([6, 6, 1, 1], (0..<36).map { $0 % 7 % 3 - 1 }, .int8)
    let weight = model.node("DequantizeLinear", [bytes, model.reals(Tensor([], [1])), model.constant([], [0], .int8)])
    let bias = model.reals(Tensor([6], [-0.45, -0.3, -0.1, 0.1, 0.3, 0.45]))
    let sums = model.node("Conv", [model.rounded("x", Grid(scale: 1, zero: 9)), weight, bias])
    let step: Float? = isRounded ? usual.scale : nil
    model.output(isRounded ? model.rounded(sums, usual) : sums, step: step)
    let (network, weights) = try ONNX.import(model.data(), path: model.description)
    let expected = try ReferenceInterpreter(network, weights: weights).run(["x": model.sample])
    let fused = try network.fused(with: weights)
    let compiled = try CompiledNetwork(
      fused.network, weights: fused.weights, batch: 2, pool: ThreadPool(threads: 1))
    let output = network.outputs[0].name
    let found = try compiled.run(["x": model.sample])[output]
    try compare(found, expected[output], step, model.description)
    #expect(Set(try #require(found).values.prefix(25).map { $0 - $0.rounded() }).contains { abs($0) > 0.3 })
  }

  /// All numbers within one step, and nearly all the same: a rounding may fall the other way.
  private func compare(_ ours: Tensor?, _ theirs: Tensor?, _ step: Float?, _ name: String) throws {
    let (ours, theirs) = (try #require(ours), try #require(theirs))
    guard let step else { return #expect(relativeDifference(ours, theirs) < 1e-5, "\(name)") }
    #expect(ours.shape == theirs.shape, "\(name)")
    let differences = zip(ours.values, theirs.values).map { abs($0 - $1) }
    #expect(differences.allSatisfy { $0 <= 1.01 * step }, "\(name): \(differences.max() ?? 0)")
    let moved = differences.count { $0 > 0.01 * step }
    #expect(moved <= max(1, differences.count / 50), "\(name): \(moved) of \(differences.count)")
  }

  // MARK: Bytes that are moved

  /// What stands between QuantizeLinear and DequantizeLinear.
  private typealias Move = (inout QuantisedModel, String) -> String

  private func moves() -> [QuantisedModel] {
    let table: [(String, Move)] = [
      ("reshape", { $0.node("Reshape", [$1, $0.integers(0, -1)]) }),
      (
        "reshape by a shape",
        { model, bytes in
          let batch = model.node(
            "Slice", [model.node("Shape", [bytes]), model.integers(0), model.integers(1), model.integers(0)])
          let shape = model.node("Concat", [batch, model.integers(9, -1)], [.integer("axis", 0)])
          return model.node("Reshape", [bytes, shape])
        }
      ),
      ("flatten", { $0.node("Flatten", [$1]) }),
      ("transpose", { $0.node("Transpose", [$1], [.integers("perm", [0, 2, 3, 1])]) }),
      (
        "maximum", { $0.node("MaxPool", [$1], [.integers("kernel_shape", [3, 3]), .integers("pads", [1, 1, 1, 1])]) }
      ),
      ("slice of channels", { $0.node("Slice", [$1, $0.integers(2), $0.integers(7), $0.integers(1)]) }),
      (
        "slice of rows, with a step",
        {
          $0.node("Slice", [$1, $0.integers(1), $0.integers(6), $0.integers(2), $0.integers(2)])
        }
      ),
      (
        "an axis more, an axis less",
        {
          $0.node("Squeeze", [$0.node("Unsqueeze", [$1, $0.integers(2)]), $0.integers(2)])
        }
      ),
      ("an axis more", { $0.node("Unsqueeze", [$1, $0.integers(1)]) }),
      ("one channel", { $0.node("Gather", [$1, $0.constant([], [3], .int32)], [.integer("axis", 1)]) }),
      ("twice the channels", { $0.node("Concat", [$1, $1], [.integer("axis", 1)]) }),
      (
        "shuffled channels",
        { model, bytes in
          let groups = model.node("Reshape", [bytes, model.integers(0, 2, 4, 7, 9)])
          let swapped = model.node("Transpose", [groups], [.integers("perm", [0, 2, 1, 3, 4])])
          return model.node("Reshape", [swapped, model.integers(0, 8, 7, 9)])
        }
      ),
      ("half a shuffle", { $0.node("Reshape", [$1, $0.integers(0, 2, 4, 7, 9)]) }),
      (
        "the batch away and back",
        { model, bytes in
          let away = model.node("Transpose", [bytes], [.integers("perm", [1, 0, 2, 3])])
          return model.node("Transpose", [away], [.integers("perm", [1, 0, 2, 3])])
        }
      ),
    ]
    return [usual, Grid(scale: 0.05, zero: -5, type: .int8)].flatMap { grid in
      table.map { name, move in
        var model = QuantisedModel("moved \(grid.type): \(name)", image)
        let values = model.convolution(model.rounded("x", grid), channels: 8)
        let bytes = model.quantised(values, grid)
        model.output(model.dequantised(move(&model, bytes), grid), step: grid.scale)
        return model
      }
    } + [movedThenMultiplied(), readThrice()]
  }

  /// A layer on bytes that were moved.
  private func movedThenMultiplied() -> QuantisedModel {
    var model = QuantisedModel("moved, then multiplied", image)
    let pooled = model.node(
      "MaxPool", [model.quantised("x", usual)], [.integers("kernel_shape", [3, 3]), .integers("strides", [2, 2])])
    let flat = model.dequantised(model.node("Flatten", [pooled]), usual)
    let product = model.node("Gemm", [flat, model.weight([10, 96])], [.integer("transB", 1)])
    model.output(model.rounded(product, usual), step: usual.scale)
    return model
  }

  /// Bytes that are also read as they are.
  private func readThrice() -> QuantisedModel {
    var model = QuantisedModel("moved and not moved", image)
    let bytes = model.quantised(model.convolution(model.rounded("x", usual), channels: 8), usual)
    let pooled = model.node("MaxPool", [bytes], [.integers("kernel_shape", [3, 3]), .integers("pads", [1, 1, 1, 1])])
    model.output(model.dequantised(bytes, usual), step: usual.scale)
    let joined = model.node("Concat", [pooled, bytes], [.integer("axis", 1)])
    model.output(model.dequantised(joined, usual), step: usual.scale)
    model.output(model.dequantised(model.node("Flatten", [bytes]), usual), step: usual.scale)
    return model
  }

  // MARK: Layers

  private func layers() -> [QuantisedModel] {
    let fine = Grid(scale: 0.02, zero: 128)
    let shapes: [Shape] = [[1, 12], [1, 5, 12], [1, 3, 5, 12]]
    let products = shapes.map { shape in
      // Exporters of fully connected layers round the product before the bias.
      var model = QuantisedModel("product, rounded, bias, rank \(shape.rank)", shape)
      let product = model.node("MatMul", [model.rounded("x", usual), model.weight([12, 10], axis: 1)])
      let bias = model.reals(model.normal([10]))
      let sum = model.node("Add", [model.rounded(product, fine), bias])
      model.output(model.rounded(model.node("Relu", [sum]), Grid(scale: 0.03, zero: 0)), step: 0.03)
      return model
    }
    var roundedBias = QuantisedModel("product, rounded, rounded bias", [1, 12])
    let product = roundedBias.node("MatMul", [roundedBias.rounded("x", usual), roundedBias.weight([12, 10], axis: 1)])
    let bias = roundedBias.rounded(roundedBias.reals(roundedBias.normal([10])), fine)
    roundedBias.output(
      roundedBias.rounded(roundedBias.node("Add", [bias, roundedBias.rounded(product, fine)]), usual), step: usual.scale
    )
    return products + [roundedBias, transposedWeight()]
  }

  /// A weight that lies the other way, as PyTorch keeps it.
  private func transposedWeight() -> QuantisedModel {
    var model = QuantisedModel("transposed weight", [1, 12])
    let weight = model.node("Transpose", [model.weight([10, 12])], [.integers("perm", [1, 0])])
    let product = model.node("MatMul", [model.rounded("x", usual), weight])
    model.output(model.rounded(product, usual), step: usual.scale)
    return model
  }

  @Test("keep the scales of a weight that is transposed, so that it is multiplied in bytes")
  func transposedScales() throws {
    let network = try ONNX.import(transposedWeight().data(), path: "transposed.onnx").network
    #expect(
      network.nodes.contains { node in
        guard case .linear(let linear) = node.op else { return false }
        return linear.hasByteWeights
      })
  }

  // MARK: Values of several names

  /// A rounding reaches only what is read behind it, whatever else names the same numbers.
  private func aliases() -> [QuantisedModel] {
    let names: [(String, Move)] = [
      ("no other name", { $1 }),
      ("an identity", { $0.node("Identity", [$1]) }),
      ("a cast", { $0.node("Cast", [$1], [.integer("to", 1)]) }),
      ("the same shape", { $0.node("Reshape", [$1, $0.integers(0, 8, -1, 9)]) }),
      ("the same order", { $0.node("Transpose", [$1], [.integers("perm", [0, 1, 2, 3])]) }),
      ("everything", { $0.node("Slice", [$1, $0.integers(0), $0.integers(99), $0.integers(1)]) }),
      (
        "an axis more, an axis less",
        {
          $0.node("Squeeze", [$0.node("Unsqueeze", [$1, $0.integers(2)]), $0.integers(2)])
        }
      ),
      ("a second relu", { $0.node("Relu", [$1]) }),
      ("one operand", { $0.node("Concat", [$1], [.integer("axis", 1)]) }),
      ("plus 0", { $0.node("Add", [$1, $0.reals(Tensor([], [0]))]) }),
    ]
    let coarse = Grid(scale: 0.5, zero: 100)
    return names.flatMap { name, alias in
      [true, false].map { leaves in
        var model = QuantisedModel("an alias, \(name), \(leaves ? "leaves" : "is read")", image)
        let value = model.node("Relu", [model.convolution(model.rounded("x", usual), channels: 8)])
        let rounded = model.rounded(alias(&model, value), coarse)
        if leaves {
          model.output(rounded, step: coarse.scale)
          model.output(value)
        } else {
          model.output(model.rounded(model.node("Add", [rounded, value]), usual), step: coarse.scale)
        }
        return model
      }
    } + clampsOfShared()
  }

  /// A clamp of a value that something else reads as it is, directly and behind a relu that changes nothing.
  private func clampsOfShared() -> [QuantisedModel] {
    let grid = Grid(scale: 0.05, zero: 0)
    return [true, false].map { isBehindRelu in
      var model = QuantisedModel("relu6 of a value read twice\(isBehindRelu ? ", behind a relu" : "")", image)
      model.spread = 16
      let value = model.rounded(model.convolution(model.rounded("x", usual), channels: 8), grid)
      let operand = isBehindRelu ? model.rounded(model.node("Relu", [value]), grid) : value
      let bounds = [model.reals(Tensor([], [0])), model.reals(Tensor([], [3]))]
      let six = model.reals(Tensor([], [6]))
      let clamped = model.rounded(model.node("Clip", [operand, bounds[0], six]), grid)
      model.output(model.rounded(model.node("Add", [clamped, value]), Grid(scale: 0.1, zero: 0)), step: 0.1)
      model.output(model.rounded(model.node("Clip", [operand, bounds[0], bounds[1]]), grid), step: grid.scale)
      return model
    }
  }

  // MARK: Sums

  /// Sums of values whose grids lie far apart, beyond the grid of the result at either end.
  private func sums() -> [QuantisedModel] {
    [(Float(0.05), Float(0.05), Float(0.01)), (20, 0.001, 0.05), (1e-3, 1e-3, 10), (1e30, 1e30, 1e30)].map {
      left, right, result in
      var model = QuantisedModel("sum of \(left) and \(right) on \(result)", image)
      model.spread = 40 * max(left, right)
      let a = model.rounded("x", Grid(scale: left, zero: 17))
      let b = model.rounded("x", Grid(scale: right, zero: 3, type: .int8))
      for op in ["Add", "Mul"] where op == "Add" || left < 1e10 {
        model.output(model.rounded(model.node(op, [a, b]), Grid(scale: result, zero: 128)), step: result)
      }
      let product = model.node("Add", [model.convolution(a, channels: 8), b])
      model.output(model.rounded(model.node("Relu", [product]), Grid(scale: result, zero: 0)), step: result)
      return model
    }
  }
}
