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

@Suite("Quantising from the command line")
struct QuantizeCommandTests {
  /// A small network with samples for it.
  private func prepare(_ folder: String) throws -> (model: String, samples: String) {
    var builder = NetworkBuilder(name: "tiny")
    let image = try builder.input("image", [1, 3, 12, 12])
    let stem = try builder.convolution("stem", image, .square(channels: 8, kernel: 3, stride: 2, hasBias: true))
    let active = try builder.append("act", .activation(.hswish), [stem])
    let depthwise = try builder.convolution(
      "depthwise", active, .square(channels: 8, kernel: 3, groups: 8, hasBias: true))
    let sum = try builder.append("sum", .add, [depthwise, active])
    let pooled = try builder.append("pool", .globalAveragePool, [sum])
    let flat = try builder.append("flat", .flatten, [pooled])
    let logits = try builder.linear("head", flat, Linear(features: 5))
    let network = builder.network(outputs: [("logits", logits)])
    var random = RandomSource(seed: 1, purpose: "quantize command")
    func tensor(_ shape: Shape) -> Tensor {
      Tensor(shape, (0..<shape.elementCount).map { _ in Float(random.normal()) })
    }
    let weights = Dictionary(uniqueKeysWithValues: network.parameters.map { ($0.name, tensor($0.storedShape)) })
    let (model, samples) = (folder + "/model.onnx", folder + "/samples.npy")
    try writeAtomically(ONNX.export(network, weights: weights), to: model)
    try NPY.write(tensor([6, 3, 12, 12]), to: samples)
    return (model, samples)
  }

  @Test("a quantised file runs in int8, with the numbers of quantising on the way")
  func quantise() throws {
    try withTemporaryFolder { folder in
      let (model, samples) = try prepare(folder)
      let output = folder + "/int8.onnx"
      let run = try CommandRun(["quantize", model, "--calibration", samples, "-o", output, "--json"])
      #expect(run.code == 0, "\(run.messages)")
      let answer = try #require(run.json as? [String: Any])
      let ratios = try #require(answer["signal_to_noise_db"] as? [String: Double])
      #expect(try #require(ratios["logits"]) > 15)
      for (file, extra) in [(output, [String]()), (model, ["--calibration", samples])] {
        let infer = try CommandRun(
          [
            "infer", file, "--input", "image=" + samples, "--output-dir", folder + "/out\(extra.count)", "--precision",
            "int8",
          ]
            + extra)
        #expect(infer.code == 0, "\(infer.messages)")
      }
      #expect(try NPY.read(folder + "/out0/logits.npy") == NPY.read(folder + "/out2/logits.npy"))
      let measured = try CommandRun(["measure", output, "--precision", "int8", "--runs", "3", "--json"])
      #expect(measured.code == 0, "\(measured.messages)")
      #expect((measured.json as? [String: Any])?["precision"] as? String == "int8")
    }
  }

  @Test("int8 without grids or samples, samples of another shape, and a second quantisation are refused")
  func refusals() throws {
    try withTemporaryFolder { folder in
      let (model, samples) = try prepare(folder)
      let bare = try CommandRun(["measure", model, "--precision", "int8"])
      #expect(bare.code == 64 && bare.messages.contains("--calibration"), "\(bare.messages)")
      let (other, output) = (folder + "/other.npy", folder + "/int8.onnx")
      try NPY.write(Tensor([2, 3, 9, 9]), to: other)
      let misfit = try CommandRun(["quantize", model, "--calibration", other, "-o", output])
      #expect(misfit.code == 65 && misfit.messages.contains("2×3×9×9"), "\(misfit.messages)")
      #expect(try CommandRun(["quantize", model, "--calibration", samples, "-o", output]).code == 0)
      let twice = try CommandRun(["quantize", output, "--calibration", samples, "-o", folder + "/again.onnx"])
      #expect(twice.code == 65 && twice.messages.contains("already"), "\(twice.messages)")
      #expect(twice.messages.contains(output), "\(twice.messages)")
    }
  }

  @Test("options that quantise are refused for a quantised file, and weights of their own for int8")
  func contradictions() throws {
    try withTemporaryFolder { folder in
      let (model, samples) = try prepare(folder)
      let output = folder + "/int8.onnx"
      #expect(try CommandRun(["quantize", model, "--calibration", samples, "-o", output]).code == 0)
      let cases = [
        [output, "--precision", "int8", "--calibration", samples], [output, "--weights", "int4"],
        [model, "--precision", "int8", "--calibration", samples, "--weights", "bf16"],
      ]
      for arguments in cases {
        for command in [["profile", "--runs", "1"], ["infer", "--input", "image=" + samples, "--output-dir", folder]] {
          let run = try CommandRun([command[0]] + arguments + command.dropFirst())
          let option = arguments.contains("--weights") ? "--weights" : "--calibration"
          #expect(run.code == 64 && run.messages.contains(option), "\(run.messages)")
        }
      }
    }
  }

  @Test("a file in a folder that is not there is refused before any work, and no folder is made")
  func missingFolder() throws {
    try withTemporaryFolder { folder in
      let (model, samples) = try prepare(folder)
      let output = folder + "/nowhere/int8.onnx"
      for arguments in [
        ["quantize", model, "--calibration", samples], ["quantize", model, "--calibration", folder + "/none.npy"],
        ["export", folder],
      ] {
        let run = try CommandRun(arguments + ["-o", output])
        #expect(run.code == 64 && run.messages.contains(folder + "/nowhere'"), "\(run.messages)")
      }
      #expect(!FileManager.default.fileExists(atPath: folder + "/nowhere"))
    }
  }

  @Test("mixed precision writes a file, its numbers and its selection problem")
  func mixedPrecision() throws {
    try withTemporaryFolder { folder in
      let (model, samples) = try prepare(folder)
      let (output, instance) = (folder + "/mixed.onnx", folder + "/instance.json")
      let run = try CommandRun([
        "mixed-precision", model, "--calibration", samples, "--signal-to-noise-db", "25", "-o", output, "--instance",
        instance, "--json",
      ])
      #expect(run.code == 0, "\(run.messages)")
      let answer = try #require(run.json as? [String: Any])
      let chosen = try #require(answer["chosen"] as? [String: Any])
      let limit = try #require(answer["limit"] as? Double)
      #expect(try #require(chosen["measured_noise_to_signal"] as? Double) <= limit)
      let baselines = try #require(answer["baselines"] as? [[String: Any]])
      #expect(baselines.map { $0["method"] as? String } == ["fp32", "bf16", "int8", "greedy"])
      let selected = try CommandRun(["select", instance])
      #expect(selected.code == 0, "\(selected.messages)")
      let precision = (chosen["int8_layers"] as? [Any])?.isEmpty == true ? "fp32" : "int8"
      let measured = try CommandRun(["measure", output, "--precision", precision, "--runs", "3", "--json"])
      #expect(measured.code == 0, "\(measured.messages)")
    }
  }

  @Test("mixed precision refuses what it cannot do, and says what can be reached")
  func mixedPrecisionRefusals() throws {
    try withTemporaryFolder { folder in
      let (model, samples) = try prepare(folder)
      let base = ["mixed-precision", model, "--calibration", samples, "-o", folder + "/mixed.onnx"]
      let cases: [([String], Int32, String)] = [
        ([], 64, "--speedup"), (["--speedup", "2", "--latency-ms", "1"], 64, "--speedup"),
        (["--speedup=-1"], 64, "above 0"),
        (["--speedup", "2", "--formats", "fp32,bf16"], 64, "fp32,bf16,int8 or fp32,int8"),
        (["--speedup", "2", "--traces", model], 65, "JSON object"),
        (["--speedup", "2", "--traces", model, "--pairwise"], 64, "--pairwise"),
        (["--latency-ms", "0.0000001"], 2, "can be reached"),
      ]
      for (arguments, code, text) in cases {
        let run = try CommandRun(base + arguments)
        #expect(run.code == code && run.messages.contains(text), "\(arguments): \(run.code) \(run.messages)")
      }
      let infeasible = try CommandRun(base + ["--latency-ms", "0.0000001", "--json"])
      let attainable = (infeasible.json as? [String: Any])?["attainable"] as? [String: Double]
      #expect(infeasible.code == 2 && (attainable?["latency_ms"] ?? 0) > 0)
      let output = folder + "/int8.onnx"
      #expect(try CommandRun(["quantize", model, "--calibration", samples, "-o", output]).code == 0)
      let twice = try CommandRun([
        "mixed-precision", output, "--calibration", samples, "--speedup", "2", "-o", folder + "/x.onnx",
      ])
      #expect(twice.code == 65 && twice.messages.contains("already"), "\(twice.messages)")
    }
  }

  @Test("images of a data set become an array")
  func dataSamples() throws {
    try withTemporaryFolder { folder in
      let output = folder + "/images.npy"
      let run = try CommandRun(["data", "samples", "glyphs", "-n", "3", "--part", "test", "-o", output])
      #expect(run.code == 0, "\(run.messages)")
      let images = try NPY.read(output)
      #expect(images.shape == [3, 3, 32, 32] && images.values.allSatisfy { (0...255).contains($0) })
      #expect(try CommandRun(["data", "samples", "glyphs", "-n", "999999", "-o", output]).code == 64)
    }
  }
}
