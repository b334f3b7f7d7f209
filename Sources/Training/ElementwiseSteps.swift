import CKernels

/// The sum of two values.
final class AddStep: TrainingStep {
  let kind = StepKind.elementwise
  private let left: Operand
  private let right: Operand
  private let output: PlanValue
  private let memory: PlanMemory

  init(_ left: Operand, _ right: Operand, _ output: PlanValue, memory: PlanMemory) {
    (self.left, self.right, self.output, self.memory) = (left, right, output, memory)
  }

  private var block: Int { blockRows(elementsPerRow: 4 * output.channels) }
  var scratchElements: Int { 2 * block * output.channels }

  func forward(_ context: PassContext) {
    context.forEachBlock(of: output, size: block) { rows, lane in
      let a = left.read(rows, lane, in: memory, scratch: lane.scratch)
      let b = right.read(rows, lane, in: memory, scratch: lane.scratch + block * output.channels)
      let y = memory.pointer(output.data) + rows.lowerBound * output.channels
      lane.kernels.add(rows.count * output.channels, a, b, y)
    }
  }

  func backward(_ context: PassContext) {
    context.forEachBlock(of: output, size: block) { rows, lane in
      let dy = output.readGradient(rows, lane, in: memory, scratch: lane.scratch)
      // In reverse order of use, as both may be one value.
      right.give(rows, dy, lane, in: memory)
      left.give(rows, dy, lane, in: memory)
    }
  }
}

/// The product of two values of one shape.
final class MultiplyStep: TrainingStep {
  let kind = StepKind.elementwise
  private let left: Operand
  private let right: Operand
  private let output: PlanValue
  private let memory: PlanMemory

  init(_ left: Operand, _ right: Operand, _ output: PlanValue, memory: PlanMemory) {
    (self.left, self.right, self.output, self.memory) = (left, right, output, memory)
  }

  private var block: Int { blockRows(elementsPerRow: 6 * output.channels) }
  var scratchElements: Int { 4 * block * output.channels }

  func forward(_ context: PassContext) {
    context.forEachBlock(of: output, size: block) { rows, lane in
      let (a, b) = factors(rows, lane)
      let y = memory.pointer(output.data) + rows.lowerBound * output.channels
      lane.kernels.multiply(rows.count * output.channels, a, b, y)
    }
  }

  private func factors(_ rows: Rows, _ lane: Lane) -> (UnsafePointer<Float>, UnsafePointer<Float>) {
    let size = block * output.channels
    return (
      left.read(rows, lane, in: memory, scratch: lane.scratch),
      right.read(rows, lane, in: memory, scratch: lane.scratch + size)
    )
  }

  func backward(_ context: PassContext) {
    context.forEachBlock(of: output, size: block) { rows, lane in
      let size = block * output.channels
      let (a, b) = factors(rows, lane)
      let dy = output.readGradient(rows, lane, in: memory, scratch: lane.scratch + 2 * size)
      let product = lane.scratch + 3 * size
      lane.kernels.multiply(rows.count * output.channels, dy, a, product)
      right.give(rows, product, lane, in: memory)
      lane.kernels.multiply(rows.count * output.channels, dy, b, product)
      left.give(rows, product, lane, in: memory)
    }
  }
}

/// Values whose columns (channels) come from columns of others: copies, concatenations, slices, shuffles.
final class ColumnsStep: TrainingStep {
  /// Columns of an operand that stand in the result, both with a step.
  struct Run {
    var operand: Int
    var from: Int
    var fromStep = 1
    var to: Int
    var toStep = 1
    var count: Int
  }

  let kind = StepKind.elementwise
  private let operands: [Operand]
  private let output: PlanValue
  private let runs: [Run]
  private let memory: PlanMemory

  init(_ operands: [Operand], _ output: PlanValue, _ runs: [Run], memory: PlanMemory) {
    (self.operands, self.output, self.runs, self.memory) = (operands, output, runs, memory)
  }

  private var widest: Int { max(output.channels, operands.map(\.value.channels).max() ?? 0) }
  private var block: Int { blockRows(elementsPerRow: 4 * widest) }
  var scratchElements: Int { 2 * block * widest }

  func forward(_ context: PassContext) {
    context.forEachBlock(of: output, size: block) { rows, lane in
      let y = memory.pointer(output.data) + rows.lowerBound * output.channels
      for (position, operand) in operands.enumerated() {
        let x = operand.read(rows, lane, in: memory, scratch: lane.scratch)
        for run in runs where run.operand == position {
          qn_f32_copy_strided(
            rows.count, run.count, x + run.from, operand.value.channels, run.fromStep, y + run.to,
            output.channels,
            run.toStep)
        }
      }
    }
  }

  func backward(_ context: PassContext) {
    context.forEachBlock(of: output, size: block) { rows, lane in
      let dy = output.readGradient(rows, lane, in: memory, scratch: lane.scratch)
      let dx = lane.scratch + block * widest
      for (position, operand) in operands.enumerated().reversed() where operand.value.needsGradient {
        let channels = operand.value.channels
        dx.update(repeating: 0, count: rows.count * channels)
        for run in runs where run.operand == position {
          qn_f32_copy_strided(
            rows.count, run.count, dy + run.to, output.channels, run.toStep, dx + run.from, channels,
            run.fromStep)
        }
        operand.give(rows, dx, lane, in: memory)
      }
    }
  }
}

extension PassContext {
  /// Runs `body` for blocks of rows of a value, on the pool.
  func forEachBlock(of value: PlanValue, size: Int, _ body: (Rows, Lane) -> Void) {
    forEachChunk { lane in
      let rows = lane.images.lowerBound * value.pixels..<lane.images.upperBound * value.pixels
      Training.forEachBlock(rows, size: size) { body($0, lane) }
    }
  }
}
