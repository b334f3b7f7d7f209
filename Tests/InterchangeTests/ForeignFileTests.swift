import Compute
import Diagnostics
import Foundation
import Inference
import Interchange
import Networks
import Tensors
import TestSupport
import Testing

/// Files that PyTorch's exporters wrote; `Tests/oracles/write_torch_fixtures.py` says of which networks.
let torchFiles: [String] = {
  let names = (try? FileManager.default.contentsOfDirectory(atPath: fixture("onnx"))) ?? []
  return names.filter { $0.hasPrefix("torch-") }.sorted()
}()

@Suite("ONNX files of others")
struct ForeignFileTests {
  @Test("PyTorch's files give ONNX Runtime's numbers, and so does our export of them", .enabled(if: Oracle.isExpected))
  func numbers() throws {
    #expect(torchFiles.count == 12)
    let files = try torchFiles.enumerated().map { try File($0.element, seed: UInt64($0.offset)) }
    let theirs = try Oracle.run(files.map { .init(onnx: $0.data, inputs: $0.inputs) })
    let exported = try Oracle.run(
      files.map { .init(onnx: try ONNX.export($0.network, weights: $0.weights), inputs: $0.inputs) })
    for (number, file) in files.enumerated() {
      let reference = try ReferenceInterpreter(file.network, weights: file.weights).run(file.inputs)
      #expect(Set(reference.keys) == Set(theirs[number].keys))
      for (output, expected) in theirs[number] {
        #expect(relativeDifference(try #require(reference[output]), expected) < 1e-5, "\(file.name) \(output)")
        let again = try #require(exported[number][output])
        #expect(relativeDifference(again, expected) < 1e-5, "\(file.name) \(output), exported again")
      }
    }
  }

  private struct File {
    let name: String
    let data: Data
    let network: Network
    let weights: Weights
    /// Two images.
    let inputs: [String: Tensor]

    init(_ name: String, seed: UInt64) throws {
      self.name = name
      data = try readFile(fixture("onnx/\(name)"))
      (network, weights) = try ONNX.import(data, path: name)
      var shape = network.nodes[0].shape
      shape[0] = 2
      inputs = ["image": randomPixels(shape, seed: seed)]
    }
  }

  @Test("what exporters spell out in many nodes becomes one operator again", arguments: torchFiles)
  func structure(file: String) throws {
    let network = try ONNX.import(readFile(fixture("onnx/\(file)")), path: file).network
    let fused = network.fused().nodes.map(\.op.name)
    if file.contains("shuffle") {
      #expect(network.nodes[1].op == .normalize(mean: [125, 123, 114], deviation: [63, 62, 67]))
      #expect(fused.contains("channelShuffle") && fused.count { $0 == "channelSlice" } == 2)
    } else if file.contains("mobile") {
      let activations = network.nodes.map(\.op.name)
      #expect(activations.count { $0 == "hswish" } == 3)
      #expect(activations.count { $0 == "hsigmoid" } == 1 && activations.count { $0 == "swish" } == 1)
      #expect(activations.count { $0 == "multiply" } == 1 && !activations.contains("relu6"))
      #expect(fused.count { $0 == "batchNorm" } == 0)
    } else if file.contains("squeeze") {
      #expect(
        network.nodes.map(\.op.name) == [
          "input", "convolution", "globalAveragePool", "convolution", "relu", "convolution", "sigmoid", "multiply",
          "relu",
          "multiply", "globalAveragePool", "flatten", "linear",
        ])
    } else {
      #expect(network.outputs.map(\.name) == ["most", "mean", "inner"])
      #expect(network.outputs.map { network.nodes[$0.value].shape } == [[1, 6, 5, 4], [1, 6, 5, 5], [1, 6, 4, 3]])
    }
  }
}
