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
  let layoutPlan: LayoutPlan
  /// The layout of every value; that of a copy while a node that reads the copy is lowered.
  private(set) var layouts: [ValueLayout]
  /// What follows the layers and sums of bytes.
  let tails: [Int: ByteTail]
  /// How the weights of fully connected layers are stored; `nil` for FP32.
  let linearFormat: LinearFormat?
  let isa: ISA
  /// The tables of the identities from bytes to bytes.
  private(set) var byteTables: [Int: UnsafePointer<UInt8>] = [:]

  /// The memory of every value.
  private(set) var pointers: [UnsafeMutablePointer<Float>] = []
  private var copyPointers: [UnsafeMutablePointer<Float>?] = []
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
    layoutPlan = try LayoutPlan(network, batch: batch, hasPlainLinears: linearFormat != nil)
    layouts = layoutPlan.layouts
    plan.constants = ConstantArena(expecting: network.parameters.reduce(0) { $0 + $1.shape.elementCount })
    for (value, table) in bytePlan.tables.sorted(by: { $0.key < $1.key }) { byteTables[value] = keep(bytes: table) }
  }

  /// The finished plan, with its input and output buffers.
  mutating func compile() throws -> CompiledPlan {
    try placeValues()
    plan.workspace = AlignedBuffer(count: max(threads * max(unrolledElements, linearElements), winogradElements))
    for (value, node) in network.nodes.enumerated() {
      let first = plan.steps.count
      try lowerReadingCopies(node, value)
      plan.nodes.append(.init(value: value, steps: first..<plan.steps.count))
      lowerOutputs(of: value)
    }
    plan.inputs = bindings
    plan.outputs = results
    return plan
  }

  private mutating func placeValues() throws {
    let storage = StoragePlan(network, layouts: layoutPlan)
    let arena = MemoryPlanner.plan(storage.storages)
    try checkMemory(arena.elements)
    plan.arena = AlignedBuffer(count: arena.elements)
    plan.arenaElements = arena.elements
    plan.liveElements = MemoryPlanner.lowerBound(storage.storages)
    for value in network.inputs { bindings[network.nodes[value].name] = BoundValue(layout: layouts[value]) }
    var kept: [Network.ValueID: UnsafeMutablePointer<Float>] = [:]
    for (value, node) in network.nodes.enumerated() {
      if case .constant(let shape) = node.op { kept[value] = try constant(node, shape) }
    }
    func pointer(_ place: StoragePlan.Place) -> UnsafeMutablePointer<Float> {
      switch place.memory {
      case .arena(let number): plan.arena.pointer + arena.offsets[number] + place.offset
      case .bound(let input): boundPointer(input) + place.offset
      case .kept(let value): kept[value].map { $0 + place.offset } ?? plan.arena.pointer
      }
    }
    pointers = storage.places.map(pointer)
    copyPointers = storage.copies.map { $0.map(pointer) }
  }

  /// A constant's numbers, once for all images or once for each.
  private mutating func constant(_ node: Network.Node, _ shape: Shape) throws -> UnsafeMutablePointer<Float> {
    let numbers = try parameters.required(node, 0)
    let times = shape[0] == 1 ? 1 : batch
    return UnsafeMutablePointer(mutating: keep((0..<times).flatMap { _ in numbers }))
  }

  private func boundPointer(_ input: Network.ValueID) -> UnsafeMutablePointer<Float> {
    guard let bound = bindings[network.nodes[input].name] else { preconditionFailure("every input is bound") }
    return bound.buffer.pointer
  }

  private func checkMemory(_ elements: Int) throws {
    let available = Int(sysconf(Int32(_SC_PHYS_PAGES))) * Int(sysconf(Int32(_SC_PAGESIZE)))
    guard elements <= available / MemoryLayout<Float>.stride else {
      throw Diagnostic(
        .unsupported, "the network needs more memory than this machine has", value: network.name,
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
      let plain = ValueLayout(plain: layouts[value].shape)
      appendRelayout(layouts[value], from: pointers[value], plain, to: bound.buffer.pointer)
      plan.nodes.append(.init(value: value, output: output.name, steps: first..<plan.steps.count))
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
  /// Makes the copies that nobody has read before, and puts them in the place of the values.
  private mutating func lowerReadingCopies(_ node: Network.Node, _ value: Int) throws {
    let (values, memory) = (layouts, pointers)
    for (source, input) in zip(layoutPlan.operands[value], node.inputs) {
      guard case .copy(let number) = source, let target = copyPointers[number] else { continue }
      let copy = layoutPlan.copies[number]
      if copy.first == value, layouts[input] == values[input] {
        appendRelayout(values[input], from: memory[input], copy.layout, to: target)
      }
      (layouts[input], pointers[input]) = (copy.layout, target)
    }
    if layoutPlan.views[value] == nil, try !lowerBytes(node, value) { try lower(node, value) }
    (layouts, pointers) = (values, memory)
  }

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
    case .constant, .flatten, .reshape, .transpose, .slice: break
    case .binary(let operation): lower(operation, node, value)
    case .join(let axis): lowerJoin(axis, node, value)
    case .matrixProduct(let product): lower(product, node, value)
    case .softmax: lowerSoftmax(node, value)
    case .layerNorm(let epsilon): try lowerLayerNorm(epsilon, node, value)
    case .resample(let resampling): lower(resampling, node, value)
    case .concat: lowerConcat(node, value)
    case .channelShuffle(let groups): lowerShuffle(groups, node, value)
    case .channelSlice(let start, let count): lowerSlice(start, count, node, value)
    case .embedding, .rmsNorm, .attention, .swiglu:
      throw Diagnostic(
        .unsupported, "the inference core does not run this operator", at: .init(path: node.name),
        value: node.op.name,
        rule: "it runs vision networks; language models can be built and costed, not yet executed")
    }
  }

  private mutating func lowerInput(_ node: Network.Node, _ value: Int) {
    guard !layouts[value].isPlain, !planarInputs.contains(value), !network.isQuantisedAtOnce(value) else { return }
    let plain = ValueLayout(plain: layouts[value].shape)
    appendRelayout(plain, from: boundPointer(value), layouts[value], to: pointers[value])
  }
}
