import Diagnostics
import Inference
import Interchange
import Networks
import Tensors
import Testing

@Suite("ONNX export and import")
struct RoundTripTests {
  @Test("what is exported comes back with the same structure, names and numbers", arguments: [1, 3])
  func roundTrip(batch: Int) throws {
    let network = try everyOperator()
    let weights = randomWeights(network, seed: 1)
    let data = try ONNX.export(network, weights: weights)
    let back = try ONNX.import(data, path: "every.onnx")
    #expect(back.network.fused().nodes.map(\.name) == network.fused().nodes.map(\.name))
    #expect(back.network.fused().nodes.map(\.op) == network.fused().nodes.map(\.op))
    let image = ["image": randomPixels([batch, 3, 13, 15], seed: 2)]
    let expected = try ReferenceInterpreter(network, weights: weights).run(image)
    let actual = try ReferenceInterpreter(back.network, weights: back.weights).run(image)
    #expect(Set(actual.keys) == ["logits", "pooled"])
    for name in ["logits", "pooled"] {
      #expect(relativeDifference(try #require(actual[name]), try #require(expected[name])) < 1e-5)
    }
  }

  @Test("the same network gives the same bytes, and again after it was read")
  func deterministic() throws {
    let network = try everyOperator()
    let weights = randomWeights(network, seed: 1)
    let data = try ONNX.export(network, weights: weights)
    #expect(try ONNX.export(network, weights: weights) == data)
    let back = try ONNX.import(data, path: "a.onnx")
    let again = try ONNX.export(back.network, weights: back.weights)
    let back2 = try ONNX.import(again, path: "b.onnx")
    #expect(back2.network == back.network && back2.weights == back.weights)
  }

  @Test("the summary names inputs, outputs and classes")
  func summary() throws {
    let network = try everyOperator()
    let data = try ONNX.export(
      network, weights: randomWeights(network, seed: 1), classes: ["a", "ü", "/"], metadata: ["seed": "1"])
    let summary = try ONNX.summary(of: data, path: "a.onnx")
    #expect(summary.producer == "quoin" && summary.operatorSet == 17)
    #expect(summary.inputs.map(\.name) == ["image"] && summary.inputs[0].dimensions == [nil, 3, 13, 15])
    #expect(summary.outputs.map(\.name) == ["logits", "pooled"])
    #expect(summary.outputs[0].dimensions == [nil, 5])
    #expect(summary.classes == ["a", "ü", "/"] && summary.metadata["seed"] == "1")
  }

  @Test("boxes of shared tensors are cut out")
  func sharedTensors() throws {
    var builder = NetworkBuilder(name: "box")
    let image = try builder.input("image", [1, 2, 4, 4])
    let box = Parameter("w", [3, 2, 3, 3], offsets: [0, 0, 1, 1], of: [6, 4, 5, 5])
    let y = try builder.append("y", .convolution(.square(channels: 3, kernel: 3)), [image], parameters: [box])
    let network = builder.network(outputs: [("y", y)])
    let weights = randomWeights(network, seed: 3)
    let back = try ONNX.import(ONNX.export(network, weights: weights), path: "box.onnx")
    #expect(back.weights.values.map(\.shape) == [[3, 2, 3, 3]])
    let input = ["image": randomPixels([1, 2, 4, 4], seed: 4)]
    let expected = try ReferenceInterpreter(network, weights: weights).run(input)
    #expect(try ReferenceInterpreter(back.network, weights: back.weights).run(input) == expected)
  }

  @Test("names may clash: outputs named like nodes, values that leave twice, an input that leaves")
  func clashingNames() throws {
    var builder = NetworkBuilder(name: "clash")
    let image = try builder.input("image", [1, 2, 2, 2])
    let a = try builder.append("b", .activation(.relu), [image])
    let b = try builder.append("a", .activation(.sigmoid), [a])
    let network = builder.network(outputs: [("a", a), ("b", b), ("b.again", b), ("copy", image)])
    let back = try ONNX.import(ONNX.export(network, weights: [:]), path: "clash.onnx")
    let input = ["image": randomPixels([2, 2, 2, 2], seed: 5)]
    let expected = try ReferenceInterpreter(network, weights: [:]).run(input)
    #expect(try ReferenceInterpreter(back.network, weights: back.weights).run(input) == expected)
  }

  @Test("an operator of transformers is named")
  func transformer() throws {
    var builder = NetworkBuilder(name: "lm")
    let tokens = try builder.input("tokens", [1, 4])
    let x = try builder.append(
      "embed", .embedding(vocabulary: 7, width: 3), [tokens], parameters: [Parameter("table", [7, 3])])
    let network = builder.network(outputs: [("x", x)])
    let error = #expect(throws: Diagnostic.self) {
      try ONNX.export(network, weights: randomWeights(network, seed: 1))
    }
    #expect(error?.place?.path == "embed" && error?.value == "embedding")
  }

  @Test("a missing weight is named")
  func missingWeight() throws {
    let network = try everyOperator()
    var weights = randomWeights(network, seed: 1)
    weights["head.weight"] = nil
    let error = #expect(throws: Diagnostic.self) { try ONNX.export(network, weights: weights) }
    #expect(error?.description.contains("head.weight") == true)
  }
}

extension RoundTripTests {
  @Test("layers in BF16 come back as such, and a bad list of them is an error")
  func halfLayers() throws {
    var builder = NetworkBuilder(name: "half")
    let image = try builder.input("image", [1, 3, 8, 8])
    let first = try builder.convolution("first", image, .square(channels: 8, kernel: 3, hasBias: true))
    let active = try builder.append("active", .activation(.relu), [first])
    let second = try builder.convolution("second", active, .square(channels: 8, kernel: 1))
    let sum = try builder.append("sum", .add, [second, active])
    let pooled = try builder.append("pool", .globalAveragePool, [sum])
    let flat = try builder.append("flat", .flatten, [pooled])
    let logits = try builder.linear("head", flat, Linear(features: 5))
    let network = try builder.network(outputs: [("logits", logits)]).withBF16(["first", "head"])
    let weights = randomWeights(network, seed: 1)
    let data = try ONNX.export(network, weights: weights, classes: ["a"])
    let back = try ONNX.import(data, path: "half.onnx")
    #expect(back.network.fused().layersInBF16 == network.fused().layersInBF16)
    #expect(back.network.layersInBF16.count == 2)
    #expect(try ONNX.summary(of: data, path: "half.onnx").classes == ["a"])
    for (list, word) in [("[\"first\",\"secnd\"]", "second"), ("[1]", "JSON"), ("", "JSON"), ("[\"pool\"]", "layer")] {
      let bad = try ONNX.export(
        network.withBF16([]), weights: weights, metadata: ["bf16_layers": list])
      let error = #expect(throws: Diagnostic.self) { try ONNX.import(bad, path: "bad.onnx") }
      #expect(error?.category == .unusableFile && error?.description.contains(word) == true, "\(list)")
    }
  }
}
