import Diagnostics
import Foundation
import Interchange
import Networks
import SwiftProtobuf
import Tensors
import TestSupport
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

  @Test("a file cut short is refused, or is whole without what stood at its end")
  func truncated() throws {
    let data = try model { $0.metadataProps = [.with { ($0.key, $0.value) = ("a", "b") }] }
    let whole = try ONNX.import(data, path: "whole.onnx")
    for count in stride(from: 0, to: data.count, by: 97) {
      if let short = try? ONNX.import(data.prefix(count), path: "short.onnx") {
        #expect(short.network == whole.network && short.weights == whole.weights)
      }
    }
  }

  @Test("a file cut short may say so")
  func cutOff() throws {
    let data = try model()
    #expect(refusal(data.prefix(data.count / 2))?.remedy?.contains("cut off") == true)
  }

  @Test("bytes that are no whole numbers are refused", arguments: [ONNXTensorProto.DataType.float, .double, .int64])
  func brokenNumbers(type: ONNXTensorProto.DataType) throws {
    let data = try model { proto in
      let at = try #require(proto.graph.initializer.firstIndex { $0.name.hasSuffix("weight") })
      (proto.graph.initializer[at].dataType, proto.graph.initializer[at].dims) = (Int32(type.rawValue), [2])
      proto.graph.initializer[at].rawData = Data(count: 19)
    }
    #expect(refusal(data)?.problem.contains("no whole numbers") == true)
  }

  @Test("many nodes of one name get names of their own, and numbered names of the file stay")
  func repeatedNames() throws {
    let count = 2000
    let data = try model { proto in
      proto.graph.node = (0..<count).map { i in
        .with {
          ($0.opType, $0.name) = ("Relu", i == 1 ? "same_3" : "same")
          ($0.input, $0.output) = ([i == 0 ? "image" : "x\(i)"], ["x\(i + 1)"])
        }
      }
      proto.graph.output = [.with { $0.name = "x\(count)" }]
    }
    let names = try ONNX.import(data, path: "same.onnx").network.nodes.map(\.name)
    #expect(Array(names.prefix(5)) == ["image", "same", "same_3", "same_2", "same_4"])
    #expect(Set(names).count == count + 1)
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

  @Test("lists that double, and weights that are copied again and again, are refused before memory is full")
  func numberBombs() throws {
    let doubling = try model { proto in
      var nodes = [ONNXNodeProto.with { ($0.opType, $0.input, $0.output) = ("Shape", ["image"], ["list0"]) }]
      for i in 0..<60 {
        nodes.append(
          .with {
            ($0.opType, $0.input, $0.output) = ("Concat", ["list\(i)", "list\(i)"], ["list\(i + 1)"])
            $0.attribute = [.with { ($0.name, $0.i) = ("axis", 0) }]
          })
      }
      nodes.append(.with { ($0.opType, $0.input, $0.output) = ("Reshape", ["image", "list60"], ["logits"]) })
      proto.graph.node = nodes
      proto.graph.output = [proto.graph.output[0]]
    }
    #expect(refusal(doubling)?.problem.contains("too many numbers") == true)
    let copying = try model { proto in
      proto.graph.initializer = [
        .with {
          ($0.name, $0.dims, $0.dataType) = ("w", [1000, 1000], 1)
          $0.rawData = Data(count: 4_000_000)
        }
      ]
      proto.graph.node = (0..<200).map { i in
        .with { ($0.opType, $0.input, $0.output) = ("MatMul", [i == 0 ? "image" : "x\(i)", "w"], ["x\(i + 1)"]) }
      }
      proto.graph.input[0].type.tensorType.shape.dim[3].dimValue = 1000
      proto.graph.output = [.with { $0.name = "x200" }]
    }
    #expect(refusal(copying)?.problem.contains("too many numbers") == true)
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

  @Test("weights in a file beside the model are read, with offsets and lengths")
  func externalData() throws {
    let original = try ONNXModelProto(serializedBytes: model())
    var (proto, bytes) = (original, Data(repeating: 7, count: 5))
    for at in proto.graph.initializer.indices where proto.graph.initializer[at].dataType == 1 {
      let raw = proto.graph.initializer[at].rawData
      proto.graph.initializer[at].place("weights.bin", offset: bytes.count, length: raw.count)
      bytes.append(raw)
    }
    try withTemporaryFolder { folder in
      try writeAtomically(bytes, to: folder + "/weights.bin")
      let (network, weights) = try ONNX.import(proto.serializedData(), path: folder + "/model.onnx")
      let (same, numbers) = try ONNX.import(original.serializedData(), path: "model.onnx")
      #expect(network == same && weights == numbers)
      let refused = #expect(throws: Diagnostic.self) {
        try ONNX.import(proto.serializedData(), path: folder + "/model.onnx", readsOtherFiles: false)
      }
      #expect(refused?.problem == "the tensor lies in another file")
      try writeAtomically(bytes.dropLast(), to: folder + "/weights.bin")
      let error = #expect(throws: Diagnostic.self) {
        try ONNX.import(proto.serializedData(), path: folder + "/model.onnx")
      }
      #expect(error?.rule?.contains("cut off") == true)
    }
  }

  @Test("weights outside the model's folder, and places that cannot be, are refused")
  func hostileExternalData() throws {
    try withTemporaryFolder { root in
      let folder = root + "/inner"
      try writeAtomically(Data(count: 4000), to: root + "/secret.bin")
      try writeAtomically(Data(count: 4000), to: folder + "/weights.bin")
      try FileManager.default.createSymbolicLink(atPath: folder + "/link.bin", withDestinationPath: "../secret.bin")
      let places: [(String, Int, Int, String)] = [
        ("../secret.bin", 0, 16, "outside"), (root + "/secret.bin", 0, 16, "outside"), ("link.bin", 0, 16, "outside"),
        ("a/../../secret.bin", 0, 16, "outside"), ("", 0, 16, "not named"), ("missing.bin", 0, 16, "cannot be read"),
        (".", 0, 16, "outside"), ("weights.bin", 4000, 16, "behind the end"),
        ("weights.bin", .max, .max, "behind the end"),
        ("weights.bin", -1, 16, "no number"), ("weights.bin", 0, 12, "do not fill"),
      ]
      for (location, offset, length, problem) in places {
        let data = try model { proto in
          let at = try #require(proto.graph.initializer.firstIndex { $0.name == "stem.weight" })
          proto.graph.initializer[at].place(location, offset: offset, length: length)
        }
        let error = #expect(throws: Diagnostic.self) { try ONNX.import(data, path: folder + "/model.onnx") }
        #expect(error?.problem.contains(problem) == true, "\(location): \(error?.description ?? "no error")")
        #expect(error?.place?.path == "stem.weight")
      }
    }
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
    let large = refusal(data, shapes: ["image": [1, 3, 30000, 30000]])
    #expect(large?.category == .usage && large?.value == "1×3×30000×30000")
    #expect(refusal(data, shapes: ["picture": [1, 3, 13, 15], "imag": [1]])?.nearest == "image")
    let pinned = try ONNX.import(data, path: "a.onnx", inputShapes: ["image": [4, 3, 13, 15]]).network
    #expect(pinned.nodes[0].shape == [1, 3, 13, 15])
  }
}

extension ONNXTensorProto {
  /// Moves the numbers elsewhere.
  fileprivate mutating func place(_ location: String, offset: Int, length: Int) {
    clearRawData()
    dataLocation = .external
    externalData = [("location", location), ("offset", String(offset)), ("length", String(length))].map { entry in
      .with { ($0.key, $0.value) = entry }
    }
  }
}
