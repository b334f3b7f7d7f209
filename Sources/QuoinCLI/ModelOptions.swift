import ArgumentParser
import Compute
import Diagnostics
import Foundation
import Inference
import Interchange
import Networks
import Tensors

/// A model file and how it is run; what `infer`, `measure` and `profile` have in common.
struct ModelOptions: ParsableArguments {
  @Argument(help: "The ONNX file.") var model: String
  @Option(help: "A symbolic input's shape: NAME=1,3,32,32; repeatable.") var inputShape: [String] = []
  @Option(help: "The number of threads.") var threads: Int?
  @Option(help: "fp32, or int8 for a quantised file or with --calibration.") var precision = "fp32"
  @Option(help: "The kernels: native, amx, avx512, avx2 or portable.") var isa = "native"
  @Option(help: "How the weights of fully connected layers are stored: fp32, bf16, int8 or int4.") var weights = "fp32"
  @Option(help: "Samples (.npy, samples × the input's shape) that an FP32 file is quantised with for int8.")
  var calibration: String?

  func validate() throws {
    guard Precision(rawValue: precision) != nil else {
      throw ValidationError("--precision is fp32 or int8, not '\(precision)'")
    }
    guard weights == "fp32" || LinearFormat(rawValue: weights) != nil else {
      throw ValidationError("--weights is fp32, bf16, int8 or int4, not '\(weights)'")
    }
    if linearFormat != nil, arithmetic == .int8 {
      throw ValidationError("--weights \(weights) is for --precision fp32: int8 has its own weights")
    }
    if calibration != nil, precision != "int8" { throw ValidationError("--calibration goes with --precision int8") }
    if let threads, !(1...CPU.current.cores).contains(threads) {
      throw ValidationError("--threads is from 1 to \(CPU.current.cores), the cores of this machine, not \(threads)")
    }
    _ = try level()
    _ = try shapes()
  }

  /// The arithmetic.
  var arithmetic: Precision { Precision(rawValue: precision) ?? .fp32 }

  /// The format of the fully connected layers' weights; `nil` for FP32.
  var linearFormat: LinearFormat? { LinearFormat(rawValue: weights) }

  /// The level of the kernels; `nil` for the best one of the arithmetic.
  func level() throws -> ISA? {
    if isa == "native" { return nil }
    guard let level = ISA(rawValue: isa) else {
      throw ValidationError("--isa is native, amx, avx512, avx2 or portable, not '\(isa)'")
    }
    guard level.isSupported else {
      let levels = CPU.current.levels.map(\.rawValue).joined(separator: ", ")
      throw ValidationError("--isa \(isa): this processor runs \(levels)")
    }
    return level
  }

  /// The shapes of symbolic inputs by name.
  func shapes() throws -> [String: Shape] {
    var shapes: [String: Shape] = [:]
    for text in inputShape {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let sides = parts.last?.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) } ?? []
      guard parts.count == 2, !parts[0].isEmpty, sides.allSatisfy({ ($0 ?? 0) > 0 && ($0 ?? 0) < 1 << 20 }) else {
        throw ValidationError("--input-shape is NAME=1,3,32,32, not '\(text)'")
      }
      guard shapes.updateValue(Shape(sides.compactMap { $0 }), forKey: String(parts[0])) == nil else {
        throw ValidationError("--input-shape states '\(parts[0])' twice")
      }
    }
    return shapes
  }

  /// The network of the file for a batch of one.
  func network() throws -> (network: Network, weights: Weights) {
    let shapes = try shapes()
    for (name, shape) in shapes where shape[0] != 1 {
      throw Diagnostic(
        .usage, "only a batch of one is timed", at: .init(path: name), value: shape.description,
        rule: "the first extent in --input-shape is 1")
    }
    return try network(shapes: shapes)
  }

  /// The network of the file for one image of a batch; how many there are is left to the caller.
  func network(shapes: [String: Shape]) throws -> (network: Network, weights: Weights) {
    let (network, weights) = try ONNX.import(
      readFile(model), path: model,
      inputShapes: shapes.mapValues { Shape([1] + $0.dimensions.dropFirst()) })
    if network.isQuantised {
      try requireNoQuantising()
      return (network, weights)
    }
    guard arithmetic == .int8 else { return (network, weights) }
    guard let calibration else {
      throw Diagnostic(
        .usage, "the network is not quantised", at: .init(file: model), value: "--precision int8",
        rule: "int8 needs a quantised (QDQ) file, or samples to quantise with",
        remedy: "add --calibration FILE.npy, or make a quantised file with quoin quantize")
    }
    let quantiser = Quantiser(pool: ThreadPool(threads: threads ?? CPU.current.cores))
    return try quantiser.quantised(network, weights: weights, samples: try Self.samples(calibration, network))
  }

  /// Refuses options that would quantise a network, for one that is quantised.
  private func requireNoQuantising() throws {
    let options = [calibration.map { "--calibration \($0)" }, linearFormat.map { "--weights \($0.rawValue)" }]
    guard let option = options.compactMap({ $0 }).first else { return }
    throw Diagnostic(
      .usage, "the network is quantised already", at: .init(file: model), value: option,
      rule: "a quantised (QDQ) file keeps its own grids and weights",
      remedy: "leave the option out, or give the FP32 file")
  }

  /// The samples of a network's only input.
  static func samples(_ path: String, _ network: Network) throws -> [String: Tensor] {
    guard network.inputs.count == 1, let input = network.inputs.first else {
      throw Diagnostic(
        .usage, "one file of samples does not serve several inputs", at: .init(file: path),
        value: "\(network.inputs.count) inputs", rule: "networks of one input can be calibrated")
    }
    return [network.nodes[input].name: try NPY.read(path)]
  }
}
