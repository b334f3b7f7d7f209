import Diagnostics
import Foundation
import Interchange
import Networks
import SwiftProtobuf
import Tensors
import Testing

@Suite("Hostile ONNX files")
struct HostileFileTests {
  private func model(_ change: (inout ONNXModelProto) throws -> Void = { _ in }) throws -> Data {
    let network = try everyOperator()
    var proto = try ONNXModelProto(serializedBytes: ONNX.export(network, weights: randomWeights(network, seed: 1)))
    try change(&proto)
    return try proto.serializedData()
  }

  private func refusal(_ data: Data, shapes: [String: Shape] = [:]) -> Diagnostic? {
    #expect(throws: Diagnostic.self) { try ONNX.import(data, path: "bad.onnx", inputShapes: shapes) }
  }

  @Test(
    "what is no model is refused", arguments: [Data(), Data("not a model".utf8), Data(repeating: 0xff, count: 100)])
  func noModel(data: Data) {
    let error = refusal(data)
    #expect(error?.place?.file == "bad.onnx" && error?.exitCode == 65)
    #expect(throws: Diagnostic.self) { try ONNX.summary(of: data, path: "bad.onnx") }
  }

  @Test("a file cut short is refused wherever the cut is")
  func truncated() throws {
    let data = try model()
    for count in stride(from: 0, to: data.count, by: 97) {
      // A cut between two fields of the outermost message leaves a whole message, without metadata alone.
      if let error = (try? ONNX.import(data.prefix(count), path: "short.onnx")) {
        #expect(error.network.nodes.count > 1)
      }
    }
  }

  @Test("2000 mutated files neither crash nor take much memory")
  func mutations() throws {
    // Small tensors, so that most mutations hit the structure.
    let original = try model()
    var random = RandomSource(seed: 9)
    for _ in 0..<2000 {
      var data = original
      for _ in 0...random.below(4) { data[random.below(data.count)] = UInt8(random.below(256)) }
      if random.below(4) == 0 { data.removeSubrange(random.below(data.count)..<data.count) }
      if let (network, weights) = try? ONNX.import(data, path: "mutated.onnx") {
        #expect(network.nodes.count < 200 && weights.count < 200)
        _ = network.cost
      }
    }
  }

  @Test("mutated attributes, shapes and links neither crash nor take much memory")
  func structuralMutations() throws {
    let original = try ONNXModelProto(serializedBytes: model())
    let names = original.graph.node.flatMap(\.output) + original.graph.initializer.map(\.name) + ["", "image"]
    let numbers: [Int64] = [0, -1, 1, 2, 3, 7, 1 << 20, 1 << 31, 1 << 62, .max, .min]
    var random = RandomSource(seed: 10)
    for _ in 0..<2000 {
      var proto = original
      for _ in 0...random.below(2) {
        let at = random.below(proto.graph.node.count)
        switch random.below(6) {
        case 0: proto.graph.node[at].input = proto.graph.node[at].input.map { _ in random.pick(names) }
        case 1: proto.graph.node[at].opType = random.pick(original.graph.node).opType
        case 2:
          for i in proto.graph.node[at].attribute.indices {
            proto.graph.node[at].attribute[i].i = random.pick(numbers)
            for j in proto.graph.node[at].attribute[i].ints.indices where random.below(2) == 0 {
              proto.graph.node[at].attribute[i].ints[j] = random.pick(numbers)
            }
          }
        case 3:
          let i = random.below(proto.graph.initializer.count)
          proto.graph.initializer[i].dims = (0..<random.below(5)).map { _ in random.pick(numbers) }
        case 4:
          let i = random.below(proto.graph.initializer.count)
          let values = (0..<max(1, proto.graph.initializer[i].rawData.count / 8)).map { _ in random.pick(numbers) }
          if proto.graph.initializer[i].dataType == 7 {
            proto.graph.initializer[i].rawData = values.withUnsafeBytes { Data($0) }
          }
        default:
          let axis = random.below(4)
          proto.graph.input[0].type.tensorType.shape.dim[axis].dimValue = random.pick(numbers)
        }
      }
      _ = try? ONNX.import(proto.serializedData(), path: "mutated.onnx").network.cost
    }
  }

  @Test("a file of millions of empty messages is refused before it is decoded")
  func messageBomb() {
    let count = 5_000_000
    // Field 7, the graph, of field 1, empty nodes.
    var data = Data([0x3a])
    var length = 2 * count
    while length > 0 {
      data.append(UInt8(length & 0x7f) | (length > 0x7f ? 0x80 : 0))
      length >>= 7
    }
    data.append(Data(repeating: 0, count: 2 * count))
    for i in stride(from: data.count - 2 * count, to: data.count, by: 2) { data[i] = 0x0a }
    #expect(refusal(data)?.description.contains("parts") == true)
  }

  @Test("an unknown operator is named with its node and the nearest one")
  func unknownOperator() throws {
    let data = try model { proto in
      let at = try #require(proto.graph.node.firstIndex { $0.opType == "HardSwish" })
      proto.graph.node[at].opType = "HardSwich"
    }
    let error = refusal(data)
    #expect(error?.value == "HardSwich" && error?.nearest == "HardSwish" && error?.place?.path == "stem.activation")
    let foreign = refusal(
      try model { proto in
        for at in proto.graph.node.indices { proto.graph.node[at].domain = "com.microsoft" }
      })
    #expect(foreign?.value == "com.microsoft.Sub")
  }

  @Test("a value that nothing produces is named")
  func missingValue() throws {
    let error = refusal(try model { $0.graph.node[3].input[0] = "imaeg" })
    #expect(error?.value == "imaeg" && error?.nearest == "image")
  }

  @Test("weights in another file are refused with a remedy")
  func externalData() throws {
    let error = refusal(
      try model { proto in
        let at = try #require(proto.graph.initializer.firstIndex { $0.name == "stem.weight" })
        proto.graph.initializer[at].dataLocation = .external
      })
    #expect(error?.place?.path == "stem.weight" && error?.remedy != nil)
  }

  @Test("a symbolic input asks for its shape, which must fit")
  func symbolicInput() throws {
    let data = try model { proto in
      proto.graph.input[0].type.tensorType.shape.dim[2].dimParam = "height"
      proto.graph.input[0].type.tensorType.shape.dim[3].dimParam = "width"
    }
    #expect(refusal(data)?.remedy?.contains("--input-shape image=") == true)
    #expect(refusal(data, shapes: ["image": [1, 4, 13, 15]])?.value == "1×4×13×15")
    #expect(refusal(data, shapes: ["image": [1, 3, 13]]) != nil)
    #expect(refusal(data, shapes: ["picture": [1, 3, 13, 15], "imag": [1]])?.nearest == "image")
    let pinned = try ONNX.import(data, path: "a.onnx", inputShapes: ["image": [4, 3, 13, 15]]).network
    #expect(pinned.nodes[0].shape == [1, 3, 13, 15])
  }
}
