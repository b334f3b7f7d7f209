import CKernels
import Compute
import Diagnostics
import Foundation
import Networks
import Tensors

/// Turns a network into steps: lays values out, places them in memory, packs weights and chooses kernels.
struct NetworkCompiler {
  let network: Network
  let batch: Int
  let threads: Int
  let kernels: KernelSet
  let parameters: ParameterReader
  let layouts: [ValueLayout]
  /// What follows the layers and sums of bytes.
  let tails: [Int: ByteTail]
  /// How the weights of fully connected layers are stored; `nil` for FP32.
  let linearFormat: LinearFormat?
  let isa: ISA
  /// The tables of the identities from bytes to bytes.
  private(set) var byteTables: [Int: UnsafePointer<UInt8>] = [:]

  /// The memory of every value.
  private(set) var pointers: [UnsafeMutablePointer<Float>] = []
  private(set) var bindings: [String: BoundValue] = [:]
  private(set) var results: [String: BoundValue] = [:]
  private(set) var plan = CompiledPlan()
  /// Room for one block of unrolled windows per thread, or for transformed tiles.
  var scratch: UnsafeMutablePointer<Float> { plan.workspace.pointer }

  init(
    _ bytePlan: BytePlan, weights: Weights, batch: Int, threads: Int, isa: ISA, linearFormat: LinearFormat?
  ) throws {
    (self.isa, self.linearFormat) = (isa, linearFormat)
    network = bytePlan.network
    tails = bytePlan.tails
    self.batch = batch
    self.threads = threads
    kernels = KernelSet(isa)
    parameters = ParameterReader(weights: weights)
    layouts = try network.layouts(batch: batch)
    plan.constants = ConstantArena(expecting: network.parameters.reduce(0) { $0 + $1.shape.elementCount })
    for (value, table) in bytePlan.tables.sorted(by: { $0.key < $1.key }) { byteTables[value] = keep(bytes: table) }
  }

  /// The finished plan, with its input and output buffers.
  mutating func compile() throws -> CompiledPlan {
    try placeValues()
    plan.workspace = AlignedBuffer(count: max(threads * max(unrolledElements, linearElements), winogradElements))
    for (value, node) in network.nodes.enumerated() {
      let first = plan.steps.count
      if try !lowerBytes(node, value) { try lower(node, value) }
      plan.nodes.append(.init(value: value, steps: first..<plan.steps.count))
      lowerOutputs(of: value)
    }
    plan.inputs = bindings
    plan.outputs = results
    return plan
  }

  private mutating func placeValues() throws {
    let storage = StoragePlan(network, layouts: layouts)
    let arena = MemoryPlanner.plan(storage.storages)
    try checkMemory(arena.elements)
    plan.arena = AlignedBuffer(count: arena.elements)
    plan.arenaElements = arena.elements
    plan.liveElements = MemoryPlanner.lowerBound(storage.storages)
    for value in network.inputs { bindings[network.nodes[value].name] = BoundValue(layout: layouts[value]) }
    pointers = storage.places.map { place in
      switch place {
      case .arena(let number): plan.arena.pointer + arena.offsets[number]
      case .bound(let input): boundPointer(input)
      }
    }
  }

  private func boundPointer(_ input: Network.ValueID) -> UnsafeMutablePointer<Float> {
    guard let bound = bindings[network.nodes[input].name] else { preconditionFailure("every input is bound") }
    return bound.buffer.pointer
  }

  private func checkMemory(_ elements: Int) throws {
    let available = Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
    guard elements <= available / MemoryLayout<Float>.stride else {
      throw Diagnostic(
        .failure, "the network needs more memory than this machine has", value: network.name,
        rule: "\(4 * elements) bytes of activations, \(available) bytes of memory",
        remedy: "use a smaller batch")
    }
  }

  /// Copies a value that leaves the network into buffers of its own, in NCHW.
  private mutating func lowerOutputs(of value: Int) {
    for output in network.outputs where output.value == value {
      let bound = BoundValue(layout: layouts[value])
      results[output.name] = bound
      let first = plan.steps.count
      appendTransposition(layouts[value], to: bound.buffer.pointer, from: pointers[value], isInput: false)
      plan.nodes.append(.init(value: value, output: output.name, steps: first..<plan.steps.count))
    }
  }

  /// Between NCHW outside and NHWC inside.
  mutating func appendTransposition(
    _ layout: ValueLayout, to target: UnsafeMutablePointer<Float>, from source: UnsafePointer<Float>,
    isInput: Bool
  ) {
    if layout.isPlain {
      let partition = Partition(
        blocks: layout.images, threads: threads, nanoseconds: layout.elements / 8)
      append(
        .copy(
          CopyStep(
            rows: layout.images, columns: layout.imageElements, input: source,
            inputStride: layout.imageElements,
            output: target, outputStride: layout.imageElements, partition: partition)))
    } else {
      let (outer, inner) = (layout.channels, layout.pixels)
      append(
        .transpose(
          TransposeStep(
            images: layout.images, rows: isInput ? outer : inner, columns: isInput ? inner : outer,
            input: source,
            output: target,
            partition: Partition(blocks: layout.images, threads: threads, nanoseconds: layout.elements))))
    }
  }

  mutating func append(_ step: Step) { plan.steps.append(step) }

  /// Keeps constants for the life of the plan.
  mutating func keep(bytes: [UInt8]) -> UnsafePointer<UInt8> {
    let memory = keepBytes(count: bytes.count).assumingMemoryBound(to: UInt8.self)
    memory.update(from: bytes, count: bytes.count)
    return UnsafePointer(memory)
  }

  /// Zeroed memory for the life of the plan.
  mutating func keepBytes(count: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(plan.constants.reserve((count + 3) / 4))
  }

  /// Keeps constants for the life of the plan.
  mutating func keep(_ values: [Float]) -> UnsafePointer<Float> {
    values.withUnsafeBufferPointer { plan.constants.keep($0.baseAddress, count: $0.count) }
  }

  /// Keeps constants for the life of the plan.
  mutating func keep(_ buffer: AlignedBuffer) -> UnsafePointer<Float> {
    plan.constants.keep(buffer.pointer, count: buffer.count)
  }
}

extension NetworkCompiler {
  private mutating func lower(_ node: Network.Node, _ value: Int) throws {
    switch node.op {
    case .input: lowerInput(node, value)
    case .convolution(let convolution): try lower(convolution, node, value)
    case .linear(let linear): try lower(linear, node, value)
    case .normalize(let mean, let deviation): lowerNormalize(mean, deviation, node, value)
    case .batchNorm(let epsilon): try lowerBatchNorm(epsilon, node, value)
    case .activation(let activation): lower(activation, node, value)
    case .add: lowerSum(node, value)
    case .multiply: lowerMultiply(node, value)
    case .resize: lowerResize(node, value)
    case .pool(let pool): try lower(pool, node, value)
    case .globalAveragePool: lowerGlobalAverage(node, value)
    case .flatten: lowerFlatten(node, value)
    case .concat: lowerConcat(node, value)
    case .channelShuffle(let groups): lowerShuffle(groups, node, value)
    case .channelSlice(let start, let count): lowerSlice(start, count, node, value)
    case .embedding, .rmsNorm, .layerNorm, .attention, .swiglu:
      throw Diagnostic(
        .failure, "the inference core does not run this operator", at: .init(path: node.name),
        value: node.op.name,
        rule: "it runs convolutional networks; transformers can be built and costed, not yet executed")
    }
  }

  private mutating func lowerInput(_ node: Network.Node, _ value: Int) {
    guard !layouts[value].isPlain, !planarInputs.contains(value), !network.isQuantisedAtOnce(value) else { return }
    appendTransposition(layouts[value], to: pointers[value], from: boundPointer(value), isInput: true)
  }
}

extension Network {
  /// The extents of every value for a batch.
  ///
  /// - Throws: ``Diagnostic`` where a value is too large to address.
  fileprivate func layouts(batch: Int) throws -> [ValueLayout] {
    try nodes.map { node in
      var shape = node.shape
      guard shape.rank > 0 else {
        throw Diagnostic(.unusableFile, "a value has no batch dimension", at: .init(path: node.name))
      }
      var count = batch
      for extent in shape.dimensions {
        let (product, overflows) = count.multipliedReportingOverflow(by: extent)
        guard !overflows, product < 1 << 31 else {
          throw Diagnostic(
            .failure, "a value is too large", at: .init(path: node.name),
            value: "batch \(batch) of \(node.shape)", rule: "a value has less than 2^31 elements")
        }
        count = product
      }
      shape[0] *= batch
      return ValueLayout(shape: shape, elements: count)
    }
  }
}
