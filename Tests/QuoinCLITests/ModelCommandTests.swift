import Diagnostics
import Foundation
import Interchange
import Networks
import Tensors
import TestSupport
import Testing

@Suite("Model commands")
struct ModelCommandTests {
  /// Writes a model that makes pictures of a picture, one for each output.
  private func write(outputs: [String], to path: String) throws {
    var builder = NetworkBuilder(name: "pictures")
    let image = try builder.input("image", [1, 1, 8, 8])
    let one = try builder.append("one", .activation(.relu), [image])
    let other = try builder.append("other", .activation(.relu), [image])
    let network = builder.network(outputs: zip(outputs, [one, other]).map { (name: $0, value: $1) })
    try writeAtomically(ONNX.export(network, weights: [:]), to: path)
  }

  @Test("infer refuses a model of which one output would overwrite another, and writes nothing")
  func oneFile() throws {
    try withTemporaryFolder { folder in
      let (model, input) = (folder + "/model.onnx", folder + "/image.npy")
      try NPY.write(Tensor([1, 1, 8, 8], repeating: 1), to: input)
      func infer(_ outputs: [String]) throws -> CommandRun {
        try write(outputs: outputs, to: model)
        return try CommandRun(["infer", model, "--input", "image=" + input, "--output-dir", folder + "/out"])
      }
      let refused = try infer(["a/b", "a_b"])
      #expect(refused.code == 65, "\(refused.messages)")
      #expect(refused.messages.contains("'a/b'") && refused.messages.contains("'a_b'"), "\(refused.messages)")
      #expect(refused.output.isEmpty)
      let written = try infer(["a/b", "a_c"])
      #expect(written.code == 0, "\(written.messages)")
      #expect(try NPY.read(folder + "/out/a_b.npy").shape == [1, 1, 8, 8])
    }
  }

  @Test("classify refuses a model that answers with pictures")
  func noClasses() throws {
    try withTemporaryFolder { folder in
      try write(outputs: ["picture"], to: folder + "/model.onnx")
      let run = try CommandRun(["classify", folder + "/model.onnx", "cat.png"])
      #expect(run.code == 65 && run.messages.contains("does not classify pictures"), "\(run.messages)")
    }
  }
}
