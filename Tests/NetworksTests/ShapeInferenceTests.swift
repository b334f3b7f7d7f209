import Diagnostics
import Networks
import Tensors
import Testing

@Suite("Shape inference")
struct ShapeInferenceTests {
  @Test("every operator gives the shape that its definition says", arguments: OperatorCase.all)
  func shapes(example: OperatorCase) throws {
    #expect(try example.network().nodes.last?.shape == example.result)
  }

  @Test("an operator refuses one parameter too many or too few, or of another shape", arguments: OperatorCase.all)
  func parameters(example: OperatorCase) {
    var wrong: [[Shape]] = [example.parameters + [[1]]]
    if !example.parameters.isEmpty {
      wrong.append(Array(example.parameters.dropLast()))
      var changed = example.parameters
      changed[0][-1] += 1
      wrong.append(changed)
    }
    for parameters in wrong {
      var broken = example
      broken.parameters = parameters
      let error = #expect(throws: Diagnostic.self) { try broken.network() }
      #expect(error?.place?.path == "node" && error?.rule?.contains("parameters") == true)
    }
  }

  private static let image: Shape = [1, 4, 6, 6]

  /// Operands that do not fit, with a word of the rule that must be named.
  private static let misfits: [(Operator, [Shape], String)] = [
    (.normalize(mean: [0], deviation: [1]), [image], "one mean"), (.resize(height: 0, width: 3), [image], "at least 1"),
    (.resize(height: 3, width: 3), [[1, 4]], "image"), (.batchNorm(epsilon: 0), [[1, 4]], "image"),
    (.activation(.relu), [image, image], "one operand"), (.activation(.relu), [], "one operand"),
    (.add, [image], "one shape"), (.add, [image, [1, 4, 6, 5]], "one shape"), (.multiply, [image], "two operands"),
    (.multiply, [image, [1, 3, 1, 1]], "n×c×1×1"), (.multiply, [[1, 4, 1, 1], image], "n×c×1×1"),
    (.globalAveragePool, [[1, 4, 6]], "image"), (.flatten, [image, image], "one operand"),
    (.linear(Linear(features: 3)), [image, image], "one operand"), (.concat, [], "images"),
    (.concat, [image, [1, 4, 6, 5]], "one image size"), (.channelShuffle(groups: 3), [image], "groups"),
    (.channelShuffle(groups: 0), [image], "groups"), (.channelSlice(start: 1, count: 4), [image], "inside"),
    (.channelSlice(start: -1, count: 2), [image], "inside"), (.channelSlice(start: 0, count: 0), [image], "inside"),
    (.channelSlice(start: .max, count: .max), [image], "inside"),
    (.binary(.add), [image], "two operands"), (.binary(.add), [image, [1, 4, 6, 5]], "equal or 1"),
    (.binary(.add), [[1, 6], [6, 6]], "the first are equal"),
    (.transpose(order: [1, 0]), [[1, 6]], "stays the first"),
    (.transpose(order: [0, 1, 1]), [[1, 6, 8]], "once"), (.reshape([1, 7]), [image], "elements"),
    (.slice(AxisSlice(axis: 0, start: 0, count: 1)), [image], "axis"),
    (.slice(AxisSlice(axis: 1, start: 2, count: 2, step: 2)), [image], "inside"),
    (.slice(AxisSlice(axis: 1, start: .max, count: .max, step: .max)), [image], "inside"),
    (.join(axis: 1), [], "an operand"), (.join(axis: 2), [[1, 6, 8], [1, 5, 8]], "along the axis alone"),
    (.matrixProduct(MatrixProduct()), [[1, 6], [6, 1]], "at least 3"),
    (.matrixProduct(MatrixProduct()), [[1, 6, 8], [1, 6, 8]], "as long as"),
    (.matrixProduct(MatrixProduct()), [[1, 2, 6, 8], [1, 3, 8, 6]], "equal or 1"),
    (.softmax, [[6]], "beside the batch"),
    (.embedding(vocabulary: 5, width: 2), [[1, 2, 3]], "tokens"), (.rmsNorm(epsilon: 0), [], "one operand"),
    (.attention(Attention(heads: 3, keyValueHeads: 2, headWidth: 2)), [[1, 6, 8]], "divide"),
    (.attention(Attention(heads: 3, keyValueHeads: 0, headWidth: 2)), [[1, 6, 8]], "divide"),
    (.attention(Attention(heads: 2, keyValueHeads: 2, headWidth: 2)), [[1, 8]], "tokens"),
    (.swiglu(hidden: 4), [[1, 6, 8], [1, 6, 8]], "one operand"),
    (.convolution(.square(channels: 4, kernel: 3)), [[1, 4]], "image"),
    (.convolution(.square(channels: 4, kernel: 3)), [image, image, image], "one or two"),
    (.convolution(.square(channels: 4, kernel: 3)), [image, [1, 4, 5, 6]], "residual"),
    (.convolution(.square(channels: 4, kernel: 3, groups: 3)), [image], "groups"),
    (.convolution(.square(channels: 6, kernel: 3, groups: 4)), [image], "groups"),
    (.convolution(.square(channels: 4, kernel: 3, stride: 0)), [image], "at least 1"),
    (.convolution(Convolution(channels: 4, kernel: .init(7))), [image], "inside the padded image"),
    (.convolution(Convolution(channels: 4, kernel: .init(3), dilation: .init(3))), [image], "inside the padded image"),
    (.pool(Pool(.maximum, kernel: .init(2), stride: .init(1), padding: .init(all: -1))), [image], "not negative"),
    (.pool(Pool(.maximum, kernel: .init(.max), stride: .init(1))), [image], "at least 1"),
  ]

  @Test("operands that do not fit are refused with node and rule", arguments: misfits.indices)
  func misfit(index: Int) {
    let (op, operands, word) = Self.misfits[index]
    let error = #expect(throws: Diagnostic.self) {
      try op.outputShape(operands, parameters: [], node: "stage.1")
    }
    #expect(error?.place?.path == "stage.1" && error?.problem.hasPrefix(op.name) == true)
    #expect(error?.rule?.contains(word) == true, "\(error?.description ?? "no error")")
  }

  @Test("two nodes cannot have one name")
  func clashingNames() throws {
    var builder = NetworkBuilder(name: "clash")
    let image = try builder.input("x", [1, 1, 1, 1])
    let error = #expect(throws: Diagnostic.self) { try builder.append("x", .activation(.relu), [image]) }
    #expect(error?.place?.path == "x")
  }

  @Test("an output that is no value of the network is a mistake of the program")
  func missingOutput() async {
    await #expect(processExitsWith: .failure) {
      var builder = NetworkBuilder(name: "missing")
      let image = try builder.input("x", [1, 1, 1, 1])
      _ = builder.network(outputs: [("y", image + 1)])
    }
  }

  @Test("parameters count once in order of first use, consumers name every reader")
  func sharing() throws {
    var builder = NetworkBuilder(name: "shared")
    let image = try builder.input("image", [1, 2, 3, 3])
    let weight = Parameter("w", [2, 2, 1, 1])
    let op = Operator.convolution(.square(channels: 2, kernel: 1))
    let a = try builder.append("a", op, [image], parameters: [weight])
    let b = try builder.append("b", op, [a], parameters: [weight])
    let sum = try builder.append("sum", .add, [b, image])
    let network = builder.network(outputs: [("sum", sum)])
    #expect(network.parameters == [weight] && network.inputs == [0])
    #expect(network.consumers == [[1, 3], [2], [3], []])
    #expect(network.cost.parameters == 4 && network.cost(of: network.nodes[1]).parameters == 4)
    #expect(network.cost.macs == 2 * 2 * 2 * 9)
  }
}
