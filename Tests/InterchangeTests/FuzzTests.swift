import Compute
import Diagnostics
import Foundation
import Inference
import Interchange
import Networks
import SwiftProtobuf
import Tensors
import TestSupport
import Testing

/// Damages ONNX files: bytes anywhere, and links, operators, attributes and numbers where the file stays readable.
private struct Mutator {
  private let files: [Data]
  private let models: [ONNXModelProto]
  private var random: RandomSource

  private static let numbers: [Int64] = [
    0, -1, 1, 2, 3, 4, 5, 7, -2, 64, 1 << 20, 1 << 31, 1 << 40, 1 << 62, .max, .min,
  ]
  private static let words = [
    "", "SAME_UPPER", "SAME_LOWER", "VALID", "nearest", "linear", "asymmetric", "align_corners", "floor", "tanh",
  ]

  init(_ files: [Data], seed: UInt64) throws {
    self.files = files
    models = try files.map { try ONNXModelProto(serializedBytes: $0) }
    random = RandomSource(seed: seed, purpose: "mutations")
  }

  /// The next damaged file.
  mutating func next() throws -> Data {
    if random.below(4) == 0 { return bytes() }
    var proto = random.pick(models)
    for _ in 0...random.below(3) { mutate(&proto.graph) }
    if random.below(8) == 0 { proto.opsetImport[0].version = Int64(random.below(24)) }
    return try proto.serializedData()
  }

  private mutating func bytes() -> Data {
    var data = random.pick(files)
    for _ in 0...random.below(4) { data[random.below(data.count)] = UInt8(random.below(256)) }
    if random.below(4) == 0 { data.removeSubrange(random.below(data.count)..<data.count) }
    return data
  }

  private mutating func mutate(_ graph: inout ONNXGraphProto) {
    let at = random.below(graph.node.count)
    switch random.below(9) {
    case 0:
      let names = graph.node.flatMap(\.output) + graph.initializer.map(\.name) + ["", "image"]
      for i in graph.node[at].input.indices where random.below(2) == 0 { graph.node[at].input[i] = random.pick(names) }
    case 1: graph.node[at].opType = random.pick(random.pick(models).graph.node).opType
    case 2: for i in graph.node[at].attribute.indices { mutate(&graph.node[at].attribute[i]) }
    case 3:
      // Attributes of another operator.
      graph.node[at].attribute += random.pick(random.pick(models).graph.node).attribute
    case 4, 5:
      guard !graph.initializer.isEmpty else { return }
      mutate(&graph.initializer[random.below(graph.initializer.count)])
    case 6: graph.node.swapAt(at, random.below(graph.node.count))
    case 7:
      graph.node[at].input.append(random.pick(graph.initializer.map(\.name) + graph.node.flatMap(\.output)))
    default:
      let input = random.below(graph.input.count)
      let rank = graph.input[input].type.tensorType.shape.dim.count
      if rank > 0 {
        graph.input[input].type.tensorType.shape.dim[random.below(rank)].dimValue = random.pick(Self.numbers)
      }
    }
  }

  private mutating func mutate(_ attribute: inout ONNXAttributeProto) {
    attribute.i = random.pick(Self.numbers)
    if attribute.hasS { attribute.s = Data(random.pick(Self.words).utf8) }
    for i in attribute.ints.indices where random.below(2) == 0 { attribute.ints[i] = random.pick(Self.numbers) }
    if random.below(4) == 0, !attribute.ints.isEmpty { attribute.ints.removeLast() }
    if attribute.hasT { mutate(&attribute.t) }
  }

  /// Changes the numbers of a list of integers, or else the shape or the type.
  private mutating func mutate(_ tensor: inout ONNXTensorProto) {
    if random.below(8) == 0 { tensor.dataType = Int32(random.below(24)) }
    if tensor.dataType == ONNXTensorProto.DataType.float.rawValue, tensor.rawData.count == 4, random.below(2) == 0 {
      let number = random.pick([0, -1, .nan, .infinity, 1e-30, 3e38] as [Float])
      return tensor.rawData = withUnsafeBytes(of: number) { Data($0) }
    }
    if random.below(16) == 0, !tensor.rawData.isEmpty {
      tensor.rawData.removeLast()
      return
    }
    guard tensor.dataType == ONNXTensorProto.DataType.int64.rawValue, random.below(4) > 0 else {
      return tensor.dims = (0..<random.below(6)).map { _ in random.pick(Self.numbers) }
    }
    let values = (0..<tensor.rawData.count / 8).map { _ in random.pick(Self.numbers) }
    tensor.rawData = values.withUnsafeBytes { Data($0) }
  }
}

@Suite("Damaged ONNX files")
struct FuzzTests {
  /// `make fuzz` sets a number of files, and a seed with which a crash can be found again: then from the file after
  /// QUOIN_FUZZ_SKIP on, where QUOIN_FUZZ_KEEP holds the file that is being read.
  private static let environment = ProcessInfo.processInfo.environment
  private static let count = environment["QUOIN_FUZZ_COUNT"].flatMap(Int.init) ?? 4000
  private static let seed = environment["QUOIN_FUZZ_SEED"].flatMap(UInt64.init) ?? 10
  private static let skipped = environment["QUOIN_FUZZ_SKIP"].flatMap(Int.init) ?? 0

  @Test("what is read or refused with an error neither crashes nor takes much memory")
  func damagedFiles() throws {
    let own =
      try [everyOperator(), everyTensorOperator()].map {
        try ONNX.export($0, weights: randomWeights($0, seed: 1))
      } + [quantisedFile()]
    let files = try own + torchFiles.map { try readFile(fixture("onnx/\($0)")) }
    var mutator = try Mutator(files, seed: Self.seed)
    let (start, pool) = (ContinuousClock.now, ThreadPool(threads: 1))
    var (read, run) = (0, 0)
    for number in 1...Self.count {
      let data = try mutator.next()
      if number <= Self.skipped { continue }
      if let path = Self.environment["QUOIN_FUZZ_KEEP"] { try data.write(to: URL(fileURLWithPath: path)) }
      do {
        let (network, weights) = try ONNX.import(data, path: "damaged.onnx")
        read += 1
        #expect(network.nodes.count < 2000)
        if try runs(network, weights, pool, CPU.current.levels[number % CPU.current.levels.count]) { run += 1 }
      } catch let error as Diagnostic {
        #expect(!error.problem.isEmpty)
      }
      if number % 50_000 == 0 {
        let rate = Double(number) / ((ContinuousClock.now - start) / .seconds(1))
        print("fuzz: \(number) files, \(Int(rate)) per second; \(read) read, \(run) of them run", to: &standardError)
      }
    }
    #expect(read > (Self.count - Self.skipped) / 100 && run > 0)
  }

  /// Every operator of convolutional networks, on bytes.
  private func quantisedFile() throws -> Data {
    let network = try everyOperator()
    let (quantised, weights) = try Quantiser(method: .minmax, pool: ThreadPool(threads: 1))
      .quantised(
        network, weights: randomWeights(network, seed: 2), samples: ["image": randomPixels([2, 3, 13, 15], seed: 3)])
    return try ONNX.export(quantised, weights: weights)
  }

  /// Runs networks that are still small; whatever the importer lets pass must be safe to run.
  private func runs(_ network: Network, _ weights: Weights, _ pool: ThreadPool, _ isa: ISA) throws -> Bool {
    guard network.cost.activationBytes < 1 << 20, network.cost.weightBytes < 1 << 20, network.cost.macs < 1 << 22 else {
      return false
    }
    let fused = try network.fused(with: weights)
    let compiled = try CompiledNetwork(fused.network, weights: fused.weights, pool: pool, isa: isa)
    compiled.run()
    return true
  }
}

private struct StandardError: TextOutputStream {
  func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
nonisolated(unsafe) private var standardError = StandardError()
