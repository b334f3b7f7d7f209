import CKernels
import Diagnostics
import Networks
import Tensors

/// Turns the nodes of a network into steps over stored values and views.
struct PlanCompiler {
  struct Result {
    let steps: [any TrainingStep]
    let memory: PlanMemory
    let input: PlanValue
    let output: OutputStep
  }

  let network: Network
  let batch: Int
  let chunks: Int
  let store: ParameterStore
  let memory = PlanMemory()
  private(set) var steps: [any TrainingStep] = []
  private var stored: [PlanValue] = []
  private var views: [PlanValue] = []
  private var values: [PlanValue?]
  /// How many live nodes (and outputs) read each node's value.
  private var readers: [Int]
  private var isLive: [Bool]

  init(_ network: Network, batch: Int, chunks: Int, store: ParameterStore) {
    (self.network, self.batch, self.chunks, self.store) = (network, batch, chunks, store)
    values = Array(repeating: nil, count: network.nodes.count)
    readers = Array(repeating: 0, count: network.nodes.count)
    isLive = Array(repeating: false, count: network.nodes.count)
  }

  mutating func compile() throws -> Result {
    guard network.outputs.count == 1, network.inputs.count == 1 else {
      throw Diagnostic(
        .failure, "the network cannot be trained", at: .init(path: network.name),
        value: "\(network.inputs.count) inputs, \(network.outputs.count) outputs",
        rule: "there is one input and one output")
    }
    let result = network.outputs[0].value
    markLive(from: result)
    for position in network.nodes.indices where isLive[position] {
      values[position] = try lower(network.nodes[position], position)
    }
    let logits = try value(result)
    guard logits.pixels == 1 else {
      throw Diagnostic(
        .failure, "the output is an image", at: .init(path: network.outputs[0].name),
        rule: "an output is batch × classes")
    }
    let output = OutputStep(operand(logits), batch: batch, memory: memory)
    steps.append(output)
    return Result(steps: steps, memory: memory, input: try value(network.inputs[0]), output: output)
  }

  /// What does not lead to the output is left out: it would wait for a gradient that never comes.
  private mutating func markLive(from output: Int) {
    isLive[output] = true
    readers[output] += 1
    for position in network.nodes.indices.reversed() where isLive[position] {
      for input in network.nodes[position].inputs {
        isLive[input] = true
        readers[input] += 1
      }
    }
    for input in network.inputs { isLive[input] = true }
  }

  /// Gives every value its memory for as long as it is needed.
  func settle(_ purpose: TrainingPlan.Purpose, in workspace: TrainingWorkspace) {
    let last = 2 * steps.count - 1
    if purpose == .training { for view in views { deferGate(view) } }
    for value in stored where value.producer >= 0 {
      // A step's backward pass is as far from the end as its forward pass from the beginning.
      let end =
        purpose == .training
        ? last - min(value.producer, value.keptFor) : max(value.producer, value.lastReader)
      let elements = batch * value.pixels * value.channels
      memory.reserve(elements, during: value.producer...end) { value.data = $0 }
      guard purpose == .training, value.needsGradient else { continue }
      let begin = last - max(value.lastReader, value.producer)
      memory.reserve(elements, during: begin...end) { value.gradient = $0 }
    }
    for value in stored + views {
      value.uses.last?.isFirst = true
      value.uses.first?.isLast = true
    }
    memory.settle(in: workspace)
  }
}

extension PlanCompiler {
  func value(_ position: Int) throws -> PlanValue {
    guard let value = values[position] else {
      throw Diagnostic(
        .failure, "a value is used before it is made", at: .init(path: network.nodes[position].name))
    }
    return value
  }

  /// Whether one live node alone reads the node's value.
  func hasOneReader(_ position: Int) -> Bool { readers[position] == 1 }

  /// The use of a value by the step that is made next.
  func operand(_ value: PlanValue, isPooled: Bool = false) -> Operand {
    value.noteReader(steps.count)
    return Operand(value, isPooled: isPooled)
  }

  mutating func append(_ step: any TrainingStep) { steps.append(step) }

  /// A value that the next step stores.
  mutating func makeStored(_ shape: Shape, needsGradient: Bool, isInput: Bool = false) -> PlanValue {
    let isImage = shape.rank == 4
    let value = PlanValue(
      height: isImage ? shape[2] : 1, width: isImage ? shape[3] : 1, channels: shape[1],
      needsGradient: needsGradient)
    value.producer = isInput ? -1 : steps.count
    value.lastReader = value.producer
    stored.append(value)
    return value
  }

  mutating func makeView(
    of base: PlanValue, _ norm: Normalisation?, _ activation: qn_activation, needsGradient: Bool
  ) -> PlanValue {
    let view = PlanValue(of: base, norm, activation, needsGradient: needsGradient)
    views.append(view)
    return view
  }

  mutating func makeGated(_ value: PlanValue, by gate: PlanValue) -> PlanValue {
    let product = PlanValue(value, times: gate)
    views.append(product)
    return product
  }

  /// Leaves the gradient of an activation that is pooled for a gate, gated, and nothing else, to be finished by its reader.
  private func deferGate(_ view: PlanValue) {
    guard let gate = views.first(where: { $0.gated === view })?.gate, let base = view.base,
      let norm = view.normalisation, !norm.isConstant, view.uses.count == 2, view.uses[0].isPooled,
      !view.uses[1].isPooled
    else { return }
    base.gatedGradient = GatedGradient(view, gate: gate, norm: norm, batch: batch, memory: memory)
    gate.keptFor = base.producer
  }

  /// A copy that nobody else reads, so that a view may take over its gradient.
  mutating func makeCopy(_ value: PlanValue) -> PlanValue {
    let operand = operand(value)
    let copy = makeStored([1, value.channels, value.height, value.width], needsGradient: value.needsGradient)
    let run = ColumnsStep.Run(operand: 0, from: 0, to: 0, count: value.channels)
    append(ColumnsStep([operand], copy, [run], memory: memory))
    return copy
  }

  /// The stored value of a node if nobody but one reader sees it, else a copy.
  mutating func exclusive(_ position: Int) throws -> PlanValue {
    let value = try value(position)
    return value.isStored && hasOneReader(position) ? value : makeCopy(value)
  }
}
