import CKernels
import Compute
import Networks
import Tensors

/// Fully connected layers with weights in fewer bits than FP32.
extension NetworkCompiler {
  /// Lowers a layer whose weights are stored in `format`; its activation follows in a pass of its own.
  mutating func lower(
    _ linear: Linear, _ node: Network.Node, _ value: Int, in format: LinearFormat
  ) throws {
    let rows = layouts[value].elements / linear.features
    let depth = layouts[node.inputs[0]].shape[-1]
    let kernel = LinearKernel.kernel(format, isa)
    let weights = LinearWeights(
      rounding: try parameters.required(node, 0), columns: linear.features, depth: depth, format: format)
    let packed = PackedLinear(
      weights, bias: linear.hasBias ? try parameters.required(node, 1) : nil, kernel: kernel)
    let panel = Int(kernel.panel)
    let kept = keep(packed, panel: panel)
    let panels = (linear.features + panel - 1) / panel
    append(
      .linear(
        LinearStep(
          function: kernel.function, rows: rows, columns: linear.features, depth: depth,
          input: pointers[node.inputs[0]], packed: kept.start, packedColumn: kept.column, panel: panel,
          output: pointers[value], scratch: scratch, scratchPerWorker: rows * (depth + 64),
          partition: Partition(
            blocks: threads == 1 ? 1 : min(panels, 4 * threads), threads: threads,
            nanoseconds: rows * linear.features * depth / 32))))
    if linear.activation != .identity {
      appendFlatStep(value, from: value, activation: linear.activation.code)
    }
  }

  /// Elements of scratch memory that one thread needs for such layers.
  var linearElements: Int {
    guard linearFormat != nil else { return 0 }
    return network.nodes.indices.map { value in
      guard case .linear(let linear) = network.nodes[value].op else { return 0 }
      let rows = layouts[value].elements / linear.features
      return rows * (layouts[network.nodes[value].inputs[0]].shape[-1] + 64)
    }.max() ?? 0
  }
}
