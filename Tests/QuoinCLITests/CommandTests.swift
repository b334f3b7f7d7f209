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
      (["measure", "none.onnx", "--precision", "int4"], 64, "int4"),
      (["measure", "none.onnx", "--calibration", "samples.npy"], 64, "int8"),
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
      (["device", "show", "https://127.0.0.1:1/cpu-1t"], 64, "ssh -L"),
      (["device", "show", "http://127.0.0.1:1"], 64, "/DEVICE"),
      (["measure", "none.onnx", "--device", "formula", "--runs", "3"], 64, "--runs"),
      (["device", "collect", "formula", "formula", "--probes", "3"], 64, "named twice"),
      (["agent", "--token-file", "none"], 65, "none"),
      (["agent", "--token-file", "Makefile"], 65, "token"),
      (["agent", "--max-mebibytes", "0"], 64, "--max-mebibytes"),
      (["agent", "--devices", "cpu-0t"], 64, "cpu-1t"),
      (["agent", "--devices", "formula,formula"], 64, "twice"),
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
    "Values of options that cannot be meant are refused before anything is read",
    arguments: [
      (["init", ""], "the folder"),
      (["init", "/tmp/none", "--size", "28"], "--data folder"),
      (["init", "/tmp/none", "--data", "mnist", "--classes", "10"], "--data folder"),
      (["init", "/tmp/none", "--data", "folder", "--classes", "0"], "--classes"),
      (["init", "/tmp/none", "--data", "folder", "--size", "4"], "8 to 512"),
      (["search", "experiments/demo/experiment.yaml", "--out", ""], "--out"),
      (["train", "experiments/demo/experiment.yaml", "--out", ""], "--out"),
      (["export", "Sources", "-o", ""], "--output"),
      (["infer", "none.onnx", "--input", "image=x.npy", "--output-dir", ""], "--output-dir"),
      (["measure", "none.onnx", "--input-shape", "image=1,,3,32,32"], "--input-shape"),
      (["measure", "none.onnx", "--input-shape", "=1,3,32,32"], "--input-shape"),
      (["measure", "none.onnx", "--input-shape", "a=1,2", "--input-shape", "a=1,3"], "twice"),
      (["select", "none.json", "--pool", "10001"], "10000"),
      (["select", "none.json", "--sweep", "latency_ms=10001"], "10000"),
    ])
  func refusedValue(arguments: [String], word: String) throws {
    try refused(arguments: arguments, code: 64, word: word)
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
      "device show", "agent", "doctor",
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

  @Test(
    "An empty file is refused with its name", arguments: ["space show", "select", "measure", "search", "study list"])
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
      let space = String(decoding: try readFile(folder + "/mine/space.yaml"), as: UTF8.self)
      #expect(space.contains("image: {channels: 3, size: [24, 32]"), "the built-in images are 3×32×32")
      let again = try CommandRun(["init", folder + "/mine"])
      #expect(again.code == 64 && again.messages.contains("--force"))
      #expect(try CommandRun(["init", folder + "/mine", "--force"]).code == 0)
    }
  }

  @Test("An output that takes nothing ends with code 1 and a sentence; messages that nobody takes are dropped")
  func fullDevice() throws {
    try withTemporaryFolder { folder in
      for arguments in [["device", "list"], ["device", "list", "--json"]] {
        let process = try CommandRun.process(arguments, output: "/dev/full", messages: folder + "/messages")
        try process.run()
        #expect(CommandRun.code(of: process) == 1)
        let messages = String(decoding: try readFile(folder + "/messages"), as: UTF8.self)
        #expect(messages.contains("standard output"), "\(messages)")
      }
      let process = try CommandRun.process(
        ["space", "show", "none.yaml"], output: folder + "/output", messages: "/dev/full")
      try process.run()
      #expect(CommandRun.code(of: process) == 65)
    }
  }

  @Test("Ctrl-C ends a command that has no steps with code 130")
  func interrupted() throws {
    try withTemporaryFolder { folder in
      // The second file is a pipe that nobody reads: the command waits there for as long as the test needs.
      let pipe = folder + "/new/experiment.yaml"
      try FileManager.default.createDirectory(atPath: folder + "/new", withIntermediateDirectories: true)
      #expect(mkfifo(pipe, 0o600) == 0)
      let process = try CommandRun.process(
        ["init", folder + "/new", "--force"], output: folder + "/output", messages: folder + "/messages")
      try process.run()
      while process.isRunning, !FileManager.default.fileExists(atPath: folder + "/new/space.yaml") {
        Thread.sleep(forTimeInterval: 0.01)
      }
      kill(process.processIdentifier, SIGINT)
      #expect(CommandRun.code(of: process) == 130)
    }
  }
}
