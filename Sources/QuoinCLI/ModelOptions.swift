import ArgumentParser
import Compute
import Diagnostics
import Foundation
import Interchange
import Networks
import Tensors

/// A model file and how it is run; what `infer`, `measure` and `profile` have in common.
struct ModelOptions: ParsableArguments {
  @Argument(help: "The ONNX file.") var model: String
  @Option(help: "A symbolic input's shape: NAME=1,3,32,32; repeatable.") var inputShape: [String] = []
  @Option(help: "The number of threads.") var threads: Int?
  @Option(help: "fp32. (int8 is not available yet.)") var precision = "fp32"
  @Option(help: "The kernels: native, avx512, avx2 or portable.") var isa = "native"

  func validate() throws {
    guard precision == "fp32" else {
      if precision == "int8" {
        throw ValidationError("--precision int8 is not available yet; use fp32, or run a QDQ file elsewhere")
      }
      throw ValidationError("--precision is fp32, not '\(precision)'")
    }
    if let threads, !(1...CPU.current.cores).contains(threads) {
      throw ValidationError("--threads is from 1 to \(CPU.current.cores), the cores of this machine, not \(threads)")
    }
    _ = try level()
    _ = try shapes()
  }

  /// The level of the kernels.
  func level() throws -> ISA {
    if isa == "native" { return .native }
    guard let level = ISA(rawValue: isa) else {
      throw ValidationError("--isa is native, avx512, avx2 or portable, not '\(isa)'")
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
    try ONNX.import(
      readFile(model), path: model,
      inputShapes: shapes.mapValues { Shape([1] + $0.dimensions.dropFirst()) })
  }
}
