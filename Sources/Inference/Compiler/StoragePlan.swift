import Networks
import Tensors

/// Which values share memory, and for how long each memory is needed.
///
/// Values that are the same bytes under another name (a flattened pixel) are one storage; so are the operand and the
/// result of an elementwise operator where nobody reads the operand later.
struct StoragePlan {
  /// Where a value lies.
  enum Place: Equatable {
    /// In the arena, as the storage of this number.
    case arena(Int)
    /// In the buffer that the caller fills for this input: its layout is the same, or whoever reads it knows the caller's.
    case bound(Int)
  }

  private(set) var places: [Place] = []
  private(set) var storages: [MemoryPlanner.Buffer] = []

  init(_ network: Network, layouts: [ValueLayout]) {
    let lastUse = network.consumers.enumerated().map { $1.max() ?? $0 }
    let planar = network.planarInputs(layouts)
    for (value, node) in network.nodes.enumerated() {
      if node.op == .input, layouts[value].isPlain || planar.contains(value) || network.isQuantisedAtOnce(value) {
        places.append(.bound(value))
        continue
      }
      let shared = sharedOperand(node, layouts, network) ?? overwritten(value, node, lastUse, network)
      if let shared {
        places.append(places[shared])
        if case .arena(let storage) = places[shared] {
          storages[storage].last = max(storages[storage].last, lastUse[value])
        }
        continue
      }
      places.append(.arena(storages.count))
      storages.append(
        .init(elements: layouts[value].words(isBytes: node.grid != nil), first: value, last: lastUse[value]))
    }
  }

  /// The operand that the value is, where the operator does nothing to its bytes.
  private func sharedOperand(_ node: Network.Node, _ layouts: [ValueLayout], _ network: Network) -> Int? {
    guard let operand = node.inputs.first, network.nodes[operand].grid == node.grid else { return nil }
    return switch node.op {
    case .flatten where layouts[operand].isPlain: operand
    case .activation(.identity) where node.grid == nil: operand
    default: nil
    }
  }

  /// The operand whose memory the node may take over, if any.
  private func overwritten(
    _ value: Int, _ node: Network.Node, _ lastUse: [Int], _ network: Network
  ) -> Int? {
    let candidates = node.op.overwritableOperands.filter { $0 < node.inputs.count }.map { node.inputs[$0] }
      .filter { (network.nodes[$0].grid == nil) == (node.grid == nil) }
    return candidates.first { operand in
      guard case .arena(let storage) = places[operand] else { return false }
      // A convolution must not write over what its windows still read.
      if case .convolution(let convolution) = node.op {
        if places[node.inputs[0]] == places[operand] { return false }
        // Depthwise kernels for bytes write a strip before they add the residual to it.
        if node.grid != nil, convolution.groups > 1, convolution.groups == convolution.channels { return false }
      }
      return storages[storage].last == value && lastUse[operand] == value
    }
  }
}

extension Operator {
  /// Operands that are read element by element, each before the result's element is written.
  fileprivate var overwritableOperands: [Int] {
    switch self {
    case .normalize, .batchNorm, .activation, .multiply: [0]
    case .add: [0, 1]
    case .convolution: [1]
    default: []
    }
  }
}

/// A value for a whole batch: images lie as images × pixels × channels, everything else row-major.
struct ValueLayout: Equatable {
  let shape: Shape
  let elements: Int

  var images: Int { shape[0] }
  var isImage: Bool { shape.rank == 4 }
  var channels: Int { shape[1] }
  var height: Int { shape[2] }
  var width: Int { shape[3] }
  var pixels: Int { height * width }
  /// The memory of the value in FP32 words. Kernels read rows of bytes in whole steps, so that a line follows them.
  func words(isBytes: Bool) -> Int { isBytes ? (elements + 3) / 4 + MemoryPlanner.line : elements }

  /// Elements of one image or row of the batch.
  var imageElements: Int { elements / images }

  /// Whether NCHW and NHWC are the same bytes.
  var isPlain: Bool { !isImage || channels == 1 || pixels == 1 }
}

extension Network {
  /// Whether a value is an input that becomes bytes before anything reads it: then there is no need to turn it first.
  func isQuantisedAtOnce(_ value: ValueID) -> Bool {
    guard nodes[value].op == .input, !outputs.contains(where: { $0.value == value }) else { return false }
    let readers = nodes.filter { $0.inputs.contains(value) }
    return readers.count == 1 && readers[0].grid != nil && readers[0].op == .activation(.identity)
  }
}
