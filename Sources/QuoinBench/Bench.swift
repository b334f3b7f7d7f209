import Compute
import Devices
import Diagnostics
import Foundation
import Interchange
import Latency
import Networks
import Quoin
import SearchSpaces
import Tensors

/// What `make bench` needs of Quoin: networks of a space as files for the peers. The scripts in `benchmarks` do the rest.
///
///     quoin-bench models SPACE FOLDER           smallest.onnx, middle.onnx, largest.onnx with random weights
///     quoin-bench training SPACE NAME FOLDER    one training step of one of them, written down; or of `smooth`, the
///                                               middle one with activation functions that do not bend
///     quoin-bench operators FOLDER              collected samples as JSON lines, with the fused operators of every network
///     quoin-bench choice FOLDER DEVICE          errors over the number of networks measured, in random and chosen order
///     quoin-bench predictions SPACE PREDICTOR   architectures predicted per second on one core
///     quoin-bench kernels THREADS ISA           what the kernels reach on layers of real networks, FP32 and INT8
@main
struct Bench {
  static func main() {
    do { try run(Array(CommandLine.arguments.dropFirst())) } catch {
      FileHandle.standardError.write(Data("quoin-bench: \(error)\n".utf8))
      exit(1)
    }
  }

  private static func run(_ arguments: [String]) throws {
    switch (arguments.first, arguments.count) {
    case ("models", 3): try writeModels(of: SearchSpace.load(arguments[1]), to: arguments[2])
    case ("training", 4):
      let space = try SearchSpace.load(arguments[1])
      let isSmooth = arguments[2] == "smooth"
      guard let architecture = named(space)[isSmooth ? "middle" : arguments[2]] else { throw usage }
      let network = try space.network(for: architecture)
      try TrainingProbe(isSmooth ? network.smoothed() : network, batch: 128, threads: 2).write(to: arguments[3])
    case ("operators", 2): try OperatorListing.print(SampleStore(folder: arguments[1]))
    case ("choice", 3): try ChoiceBench.run(.existing(folder: arguments[1]), device: arguments[2])
    case ("predictions", 3):
      try PredictionBench.run(SearchSpace.load(arguments[1]), LatencyPredictor.load(arguments[2]))
    case ("kernels", 3):
      guard let threads = Int(arguments[1]), threads >= 1, let isa = ISA(rawValue: arguments[2]), isa.isSupported
      else { throw usage }
      try KernelBench.run(threads: threads, isa: isa)
    default: throw usage
    }
  }

  private static let usage = Diagnostic(
    .usage, "wrong arguments",
    rule:
      "models SPACE FOLDER | training SPACE smallest|middle|largest|smooth FOLDER | operators FOLDER | choice FOLDER DEVICE | predictions SPACE PREDICTOR | kernels THREADS ISA"
  )

  private static func named(_ space: SearchSpace) -> [String: Architecture] {
    var random = RandomSource(seed: 1, purpose: "benchmark")
    return ["smallest": space.smallest, "middle": space.sample(using: &random), "largest": space.largest]
  }

  private static func writeModels(of space: SearchSpace, to folder: String) throws {
    for (name, architecture) in named(space) {
      let network = try space.network(for: architecture)
      let own = try network.extracted(from: network.timingWeights(seed: 1))
      try writeAtomically(ONNX.export(own.network, weights: own.weights), to: "\(folder)/\(name).onnx")
    }
  }
}

extension Network {
  /// The network with smooth activation functions: rounding then moves gradients smoothly too.
  fileprivate func smoothed() throws -> Network {
    var builder = NetworkBuilder(name: name)
    for node in nodes {
      switch node.op {
      case .input: _ = try builder.input(node.name, node.shape)
      case .activation(.hsigmoid):
        _ = try builder.append(node.name, .activation(.sigmoid), node.inputs)
      case .activation: _ = try builder.append(node.name, .activation(.swish), node.inputs)
      default: _ = try builder.append(node.name, node.op, node.inputs, parameters: node.parameters)
      }
    }
    return builder.network(outputs: outputs.map { ($0.name, $0.value) })
  }
}
