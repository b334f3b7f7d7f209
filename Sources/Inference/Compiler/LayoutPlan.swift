import Diagnostics
import Networks
import Tensors

/// The layout of every value, which values are views of others, and which have to be copied into another layout.
///
/// Transposing, regrouping and slicing cost nothing where the reader can follow the distances; that covers what
/// exporters write around attention and around the norms of channels-last networks.
struct LayoutPlan {
  /// What a node reads: a value as it lies, or a copy of it.
  enum Source: Hashable {
    case value(Network.ValueID)
    case copy(Int)
  }

  /// A value in another layout; made just ahead of the first node that reads it.
  struct Copy {
    let source: Network.ValueID
    let layout: ValueLayout
    let first: Int
    var last: Int
  }

  /// A value that is part of another's memory.
  struct View {
    let source: Source
    /// In elements.
    let offset: Int
  }

  /// The layout of every value.
  private(set) var layouts: [ValueLayout] = []
  /// The views among the values.
  private(set) var views: [Network.ValueID: View] = [:]
  /// All copies.
  private(set) var copies: [Copy] = []
  /// What every node reads, operand by operand.
  private(set) var operands: [[Source]] = []

  private let network: Network
  private let hasPlainLinears: Bool
  private let consumers: [[Network.ValueID]]

  /// - Parameter hasPlainLinears: Whether fully connected layers cannot follow distances between rows.
  /// - Throws: ``Diagnostic`` where a value is too large to address.
  init(_ network: Network, batch: Int, hasPlainLinears: Bool) throws {
    (self.network, self.hasPlainLinears) = (network, hasPlainLinears)
    consumers = network.consumers
    for (value, node) in network.nodes.enumerated() {
      let shape = try network.shape(of: node, batch: batch)
      var sources: [Source] = []
      for position in node.inputs.indices { sources.append(source(node, position, value)) }
      operands.append(sources)
      let given = sources.map { layout($0) }
      if let (view, offset) = view(node, shape, given) {
        layouts.append(view)
        views[value] = View(source: sources[0], offset: offset)
      } else {
        layouts.append(result(node, value, shape, given))
      }
    }
  }

  func layout(_ source: Source) -> ValueLayout {
    switch source {
    case .value(let value): layouts[value]
    case .copy(let number): copies[number].layout
    }
  }

  // MARK: Operands

  /// The operand as it lies where the node can read that, or else a copy, which later nodes may share.
  private mutating func source(_ node: Network.Node, _ position: Int, _ reader: Int) -> Source {
    let value = node.inputs[position]
    let layout = layouts[value]
    guard let wanted = wanted(node, position, layout), wanted != layout else { return .value(value) }
    if let number = copies.firstIndex(where: { $0.source == value && $0.layout == wanted }) {
      copies[number].last = reader
      return .copy(number)
    }
    copies.append(Copy(source: value, layout: wanted, first: reader, last: reader))
    return .copy(copies.count - 1)
  }

  /// The layout that a node needs an operand in, or `nil` where it reads the given one.
  private func wanted(_ node: Network.Node, _ position: Int, _ given: ValueLayout) -> ValueLayout? {
    let plain = ValueLayout(plain: given.shape)
    if network.nodes[node.inputs[position]].grid != nil { return nil }
    // Kernels for bytes see images with neighbouring channels alone.
    if node.grid != nil { return given.shape.rank == 4 ? ValueLayout(channelsLast: given.shape) : plain }
    switch node.op {
    case .linear where hasPlainLinears: return plain
    case .linear, .softmax, .layerNorm: return given.rowStride == nil ? plain : nil
    case .matrixProduct: return position == 0 && !given.hasContiguousRows ? plain : nil
    case .reshape, .flatten:
      var shape = node.shape
      shape[0] *= given.images / network.nodes[node.inputs[0]].shape[0]
      return given.reshaped(to: shape) == nil ? plain : nil
    case .binary, .transpose, .slice, .join: return nil
    case .activation: return given.isDense ? nil : plain
    case .add, .multiply:
      let (first, second) = (layouts[node.inputs[0]], layouts[node.inputs[1]])
      // A factor per channel goes along the pixels of channels-last images.
      if first.shape != second.shape { return position == 0 ? ValueLayout(channelsLast: given.shape) : plain }
      if position == 0 { return given.isDense ? nil : plain }
      return first.isDense && first.isChannelsLast ? ValueLayout(channelsLast: given.shape) : plain
    default:
      return given.shape.rank >= 3 ? ValueLayout(channelsLast: given.shape) : plain
    }
  }

  // MARK: Results

  /// The layout and the offset of a value that is part of its operand's memory.
  private func view(_ node: Network.Node, _ shape: Shape, _ given: [ValueLayout]) -> (ValueLayout, offset: Int)? {
    let grids = node.inputs.map { network.nodes[$0].grid } + [node.grid]
    if grids.contains(where: { $0 != nil }) {
      guard node.op == .flatten, grids[0] == grids[1], given[0].isPlain else { return nil }
    }
    return switch node.op {
    case .reshape, .flatten: given[0].reshaped(to: shape).map { ($0, 0) }
    case .transpose(let order): (given[0].transposed(order), 0)
    case .slice(let slice):
      (
        given[0].sliced(axis: slice.axis, count: slice.count, step: slice.step),
        slice.start * given[0].strides[slice.axis]
      )
    case .activation(.identity): (given[0], 0)
    default: nil
    }
  }

  private func result(_ node: Network.Node, _ value: Int, _ shape: Shape, _ given: [ValueLayout]) -> ValueLayout {
    switch node.op {
    case .input where shape.rank != 4: return ValueLayout(plain: shape)
    case .constant(let stated):
      // The same numbers serve all images.
      var strides = stated.strides
      if stated[0] == 1 { strides[0] = 0 }
      return ValueLayout(shape, strides: strides)
    case .activation, .add, .multiply: return ValueLayout(shape, strides: given[0].strides)
    case .binary:
      let like = given.first { $0.shape == shape && $0.isDense }
      return like.map { ValueLayout(shape, strides: $0.strides) } ?? ValueLayout(plain: shape)
    case .matrixProduct where shape.rank == 4 && isTransposed(value):
      // Heads lie beside each other, so that joining them again costs nothing.
      return ValueLayout(plain: [shape[0], shape[2], shape[1], shape[3]]).transposed([0, 2, 1, 3])
    case .linear, .softmax, .layerNorm, .matrixProduct, .join, .flatten, .reshape: return ValueLayout(plain: shape)
    default: return shape.rank >= 3 ? ValueLayout(channelsLast: shape) : ValueLayout(plain: shape)
    }
  }

  private func isTransposed(_ value: Int) -> Bool {
    guard consumers[value].count == 1, case .transpose = network.nodes[consumers[value][0]].op else { return false }
    return true
  }
}

extension ValueLayout {
  /// Whether it is row-major or channels-last.
  var isDense: Bool { isPlain || isChannelsLast }

  /// Whether every row along the last axis is contiguous.
  fileprivate var hasContiguousRows: Bool { shape[-1] == 1 || strides[shape.rank - 1] == 1 }
}

extension Network {
  /// The shape of a value for a batch.
  ///
  /// - Throws: ``Diagnostic`` where it is too large to address.
  fileprivate func shape(of node: Node, batch: Int) throws -> Shape {
    var shape = node.shape
    guard shape.rank > 0 else {
      throw Diagnostic(.unusableFile, "a value has no batch dimension", at: .init(path: node.name))
    }
    var count = batch
    for extent in shape.dimensions {
      let (product, overflows) = count.multipliedReportingOverflow(by: extent)
      guard !overflows, product < 1 << 31 else {
        throw Diagnostic(
          .unsupported, "a value is too large", at: .init(path: node.name), value: "batch \(batch) of \(node.shape)",
          rule: "a value has less than 2^31 elements")
      }
      count = product
    }
    shape[0] *= batch
    return shape
  }
}
