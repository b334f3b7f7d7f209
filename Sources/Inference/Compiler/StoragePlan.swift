import Networks
import Tensors

/// Which values share memory, and for how long each memory is needed.
///
/// Views lie in the memory of what they are views of; an elementwise operator writes over an operand that nobody reads
/// later.
struct StoragePlan {
  /// The memory that a value lies in.
  enum Memory: Hashable {
    /// In the arena, as the storage of this number.
    case arena(Int)
    /// In the buffer that the caller fills for this input: its layout is the same, or whoever reads it knows the caller's.
    case bound(Network.ValueID)
    /// Beside the weights, as this constant.
    case kept(Network.ValueID)
  }

  /// Where a value lies.
  struct Place: Equatable {
    let memory: Memory
    /// In elements.
    var offset = 0
  }

  private(set) var places: [Place] = []
  /// The places of copies.
  private(set) var copies: [Place?]
  private(set) var storages: [MemoryPlanner.Buffer] = []

  private let network: Network
  private let layouts: LayoutPlan
  private let lastUse: [Int]
  private let planar: Set<Network.ValueID>

  init(_ network: Network, layouts: LayoutPlan) {
    (self.network, self.layouts) = (network, layouts)
    lastUse = network.consumers.enumerated().map { $1.max() ?? $0 }
    planar = network.planarInputs(layouts.layouts)
    copies = Array(repeating: nil, count: layouts.copies.count)
    for (value, node) in network.nodes.enumerated() {
      for case .copy(let number) in layouts.operands[value] where copies[number] == nil {
        let copy = layouts.copies[number]
        copies[number] = newStorage(copy.layout.elements, first: value, last: copy.last)
      }
      places.append(place(of: value, node))
    }
  }

  private mutating func place(of value: Network.ValueID, _ node: Network.Node) -> Place {
    let layout = layouts.layouts[value]
    if node.op == .input, layout.isPlain || planar.contains(value) || network.isQuantisedAtOnce(value) {
      return Place(memory: .bound(value))
    }
    if case .constant = node.op { return Place(memory: .kept(value)) }
    if let view = layouts.views[value] {
      var place = place(of: view.source)
      place.offset += view.offset
      extend(place, to: lastUse[value])
      return place
    }
    if let operand = overwritten(value, node) {
      extend(places[operand], to: lastUse[value])
      return places[operand]
    }
    return newStorage(layout.words(isBytes: node.grid != nil), first: value, last: lastUse[value])
  }

  private func place(of source: LayoutPlan.Source) -> Place {
    switch source {
    case .value(let value): return places[value]
    case .copy(let number):
      guard let place = copies[number] else { preconditionFailure("a copy is made ahead of its readers") }
      return place
    }
  }

  private mutating func newStorage(_ elements: Int, first: Int, last: Int) -> Place {
    storages.append(.init(elements: elements, first: first, last: last))
    return Place(memory: .arena(storages.count - 1))
  }

  private mutating func extend(_ place: Place, to last: Int) {
    if case .arena(let storage) = place.memory { storages[storage].last = max(storages[storage].last, last) }
  }

  /// The operand whose memory the node may take over, if any.
  private func overwritten(_ value: Network.ValueID, _ node: Network.Node) -> Network.ValueID? {
    let sources = layouts.operands[value]
    let candidates = node.op.overwritableOperands.filter { $0 < sources.count }
    for position in candidates {
      guard case .value(let operand) = sources[position], case .arena(let storage) = places[operand].memory,
        (network.nodes[operand].grid == nil) == (node.grid == nil),
        layouts.layouts[operand] == layouts.layouts[value], storages[storage].last == value,
        lastUse[operand] == value
      else { continue }
      // What the other operands read elsewhere in that memory must not be written over: windows, and other layouts.
      let isConvolution = if case .convolution = node.op { true } else { false }
      // Depthwise kernels for bytes write a strip before they add the residual to it.
      if node.grid != nil, case .convolution(let convolution) = node.op, convolution.groups > 1,
        convolution.groups == convolution.channels
      {
        continue
      }
      let isSafe = sources.indices.allSatisfy { other in
        let place = place(of: sources[other])
        return other == position || place.memory != places[operand].memory
          || !isConvolution && place == places[operand] && layouts.layout(sources[other]) == layouts.layouts[operand]
      }
      if isSafe { return operand }
    }
    return nil
  }
}

extension Operator {
  /// Operands that are read element by element, or row by row, each before the result's is written.
  fileprivate var overwritableOperands: [Int] {
    switch self {
    case .normalize, .batchNorm, .activation, .multiply, .softmax, .layerNorm: [0]
    case .add, .binary: [0, 1]
    // Products in BF16 are written before the residual is added.
    case .convolution(let convolution): convolution.isBF16 ? [] : [1]
    default: []
    }
  }
}

extension Network {
  /// Whether a value is an input that becomes bytes before anything reads it: then there is no need to turn it first.
  func isQuantisedAtOnce(_ value: ValueID) -> Bool {
    guard nodes[value].op == .input, !outputs.contains(where: { $0.value == value }) else { return false }
    let readers = nodes.filter { $0.inputs.contains(value) }
    return readers.count == 1 && readers[0].grid != nil && readers[0].op == .activation(.identity)
  }
}
