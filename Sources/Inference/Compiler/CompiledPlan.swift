import Tensors

/// What a network was compiled to: memory, constants and steps.
struct CompiledPlan {
  /// The steps of one node, or of copying one output.
  struct NodeSteps {
    let value: Int
    var output: String?
    let steps: Range<Int>
  }

  var steps: [Step] = []
  var nodes: [NodeSteps] = []
  var inputs: [String: BoundValue] = [:]
  var outputs: [String: BoundValue] = [:]
  /// All values between inputs and outputs.
  var arena = AlignedBuffer(count: 0)
  var arenaElements = 0
  /// The largest sum of values that are needed at one time.
  var liveElements = 0
  /// Packed weights and tables.
  var constants = ConstantArena(expecting: 0)
  /// Unrolled windows, or transformed tiles.
  var workspace = AlignedBuffer(count: 0)
}

/// A value that the caller gives or takes, in NCHW.
struct BoundValue {
  let shape: Shape
  let buffer: AlignedBuffer

  init(layout: ValueLayout) {
    shape = layout.shape
    buffer = AlignedBuffer(count: layout.elements)
  }
}
