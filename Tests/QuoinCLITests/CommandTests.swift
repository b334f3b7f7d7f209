import Diagnostics
import Foundation
import TestSupport
import Testing

@Suite("Commands")
struct CommandTests {
  private static let space = "searchspaces/mbconv-cifar.yaml"

  @Test(
    "Wrong usage, unusable files and unknown names end with their exit codes and say what to do",
    arguments: [
      (["space", "show"], 64, "Usage"),
      (["space", "show", "none.yaml"], 65, "none.yaml"),
      (["space", "show", "Package.swift"], 65, "Package.swift"),
      (["space", "sample", "searchspaces/mbconv-cifar.yaml", "-n", "0"], 64, "-n"),
      (["space", "sample", "searchspaces/mbconv-cifar.yaml", "-n", "many"], 64, "-n"),
      (["select", "Package.swift"], 65, "Package.swift"),
      (["select", "."], 65, "."),
      (["measure", "Package.swift"], 65, "Package.swift"),
      (["measure", "none.onnx"], 65, "none.onnx"),
      (["measure", "none.onnx", "--precision", "int8"], 64, "int8"),
      (["measure", "none.onnx", "--precision", "fp64"], 64, "fp64"),
      (["measure", "none.onnx", "--threads", "0"], 64, "--threads"),
      (["measure", "none.onnx", "--isa", "neon"], 64, "neon"),
      (["measure", "none.onnx", "--runs", "-1"], 64, "--runs"),
      (["measure", "none.onnx", "--device", "cpu-1t", "--threads", "1"], 64, "--device"),
      (["profile", "Makefile"], 65, "Makefile"),
      (["infer", "none.onnx", "--output-dir", "/tmp"], 64, "--input"),
      (["infer", "none.onnx", "--input", "image", "--output-dir", "/tmp"], 64, "NAME=FILE.npy"),
      (["infer", "none.onnx", "--input", "image=Makefile", "--output-dir", "/tmp"], 65, "Makefile"),
      (["infer", "none.onnx", "--input-shape", "image=0", "--output-dir", "/tmp"], 64, "--input-shape"),
      (["infer", "none.onnx", "--input", "a=x.npy", "--input", "a=y.npy", "--output-dir", "/tmp"], 64, "twice"),
      (["measure", "none.onnx", "--input-shape", "image=8,3,32,32"], 64, "batch of one"),
      (["profile", "none.onnx", "--input-shape", "image=8,3,32,32"], 64, "batch of one"),
      (["classify", "none.onnx", "cat.png"], 65, "none.onnx"),
      (["study", "list", "none.sqlite"], 65, "none.sqlite"),
      (["study", "list", "Makefile"], 65, "Makefile"),
      (["device", "show", "cpu-0t"], 64, "cpu-1t"),
      (["data", "fetch", "cifar"], 64, "cifar10"),
      (["data", "show", "mnist", "--data", "Sources"], 65, "idx3"),
      (["data", "show", "emnist"], 64, "mnist"),
      (["train", "none.yaml"], 65, "none.yaml"),
      (["search", "Package.swift"], 65, "Package.swift"),
      (["search", "experiments/demo/experiment.yaml", "--latency-ms", "0"], 64, "--latency-ms"),
      (["search", "experiments/demo/experiment.yaml", "--latency-ms", "nan"], 64, "--latency-ms"),
      (["export", "Sources", "-o", "/dev/null"], 65, "winner"),
      (["export", "Sources", "--format", "tflite", "-o", "/dev/null"], 64, "tflite"),
      (["init", "/tmp/none", "--data", "imagenet"], 64, "imagenet"),
      (["serve"], 64, "serve"),
    ])
  func refused(arguments: [String], code: Int, word: String) throws {
    let run = try CommandRun(arguments)
    #expect(Int(run.code) == code, "\(arguments): \(run.messages)")
    #expect(run.messages.contains(word), "\(arguments): \(run.messages)")
    #expect(run.output.isEmpty)
  }

  @Test(
    "--json prints exactly one document",
    arguments: [
      ["space", "show", space, "--json"], ["space", "sample", space, "-n", "2", "--json"],
      ["device", "list", "--json"],
      ["device", "show", "cpu-1t", "--json"], ["data", "list", "--json"],
    ])
  func json(arguments: [String]) throws {
    let run = try CommandRun(arguments)
    #expect(run.code == 0)
    #expect(run.json != nil, "\(run.output)")
  }

  @Test(
    "Every command's help has an example",
    arguments: [
      "init", "space show", "space sample", "data fetch", "data list", "data show", "train", "search", "export",
      "classify", "infer", "measure", "profile", "study list", "study show", "study compare", "select", "device list",
      "device show", "doctor",
    ])
  func help(command: String) throws {
    let run = try CommandRun(command.split(separator: " ").map(String.init) + ["--help"])
    #expect(run.code == 0)
    #expect(run.output.contains("EXAMPLE"), "\(run.output)")
  }

  @Test("--version prints one line")
  func version() throws {
    let run = try CommandRun(["--version"])
    #expect(run.code == 0)
    #expect(run.output.contains(/^\d+\.\d+\.\d+\n$/))
  }

  @Test("An empty file is refused with its name", arguments: ["space show", "select", "measure", "search", "study list"])
  func emptyFile(command: String) throws {
    try withTemporaryFolder { folder in
      let path = folder + "/nothing"
      try Data().write(to: URL(fileURLWithPath: path))
      let run = try CommandRun(command.split(separator: " ").map(String.init) + [path])
      #expect(run.code == 65, "\(run.messages)")
      #expect(run.messages.contains(path), "\(run.messages)")
    }
  }

  @Test("init writes files that search accepts, and does not overwrite them")
  func initialises() throws {
    try withTemporaryFolder { folder in
      #expect(try CommandRun(["init", folder + "/mine"]).code == 0)
      #expect(try CommandRun(["space", "show", folder + "/mine/space.yaml", "--json"]).code == 0)
      let again = try CommandRun(["init", folder + "/mine"])
      #expect(again.code == 64 && again.messages.contains("--force"))
      #expect(try CommandRun(["init", folder + "/mine", "--force"]).code == 0)
    }
  }
}
