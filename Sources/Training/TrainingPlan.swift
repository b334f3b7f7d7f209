import CKernels
import Compute
import Diagnostics
import Networks
import Tensors

/// A network compiled for training on batches of one size.
///
/// Compiling is cheap, so that supernet training can make a plan for a new architecture in every step: parameters are
/// boxes of the store's tensors, memory comes from the workspace. A step of training is
///
///     let plan = try TrainingPlan(network: network, batch: 128, store: store, pool: pool, workspace: workspace)
///     let logits = try plan.forward(batch, .train)
///     let loss = Loss.crossEntropy(logits: logits, labels: batch.labels, smoothing: 0.1)
///     plan.backward(loss.gradient)                 // adds to the store's gradients
///     optimizer.step(rate: rate)
///
/// Several plans may share a workspace, one after the other: `backward` belongs to the latest `forward`.
/// Results do not depend on the timing of threads, and for up to four threads not on their number.
public final class TrainingPlan {
  /// What a forward pass uses as statistics of batch norms.
  public enum Mode {
    /// The batch's own.
    case train
    /// The batch's own, which are also added to a collection.
    case recalibrate(BatchStatistics)
    /// Given ones, by the names of the network's parameters: of ``BatchStatistics/weights`` or of a stored network.
    case evaluate(Weights)
  }

  /// What a plan is for.
  public enum Purpose: Sendable {
    /// Forward and backward passes.
    case training
    /// Forward passes alone, which need much less memory.
    case inference
  }

  /// The network's name.
  public let name: String
  /// The number of images of a pass.
  public let batch: Int
  /// The number of outputs per image.
  public let classes: Int
  /// What the plan is for.
  public let purpose: Purpose
  /// The channels, height and width of an image.
  public let imageShape: Shape

  let steps: [any TrainingStep]
  private let context: PassContext
  private let workspace: TrainingWorkspace
  private let memory: PlanMemory
  private let input: PlanValue
  private let output: OutputStep
  private var generation = -1
  /// The images of the latest forward pass; the backward pass reads them again.
  private var images: ImageBatch?
  /// Seconds spent per step, forward and backward, since it was switched on; `nil` while it is off.
  package var timings: StepTimings?

  /// Compiles a network with one image input and one output `[batch, classes]`.
  ///
  /// - Parameters:
  ///   - network: Not fused: batch norms and activations are nodes of their own.
  ///   - batch: The number of images of a pass.
  ///   - store: Holds the parameters; the plan reads it at every forward pass.
  ///   - pool: The threads that work.
  ///   - workspace: The memory that plans share.
  ///   - purpose: Whether there will be backward passes.
  /// - Throws: ``Diagnostic`` that names a node which cannot be trained, or a parameter that the store does not have.
  public convenience init(
    network: Network, batch: Int, store: ParameterStore, pool: ThreadPool, workspace: TrainingWorkspace,
    purpose: Purpose = .training
  ) throws {
    try self.init(
      network: network, batch: batch, store: store, pool: pool, workspace: workspace, purpose: purpose,
      isa: .native)
  }

  /// Compiles with the kernels of an instruction set.
  package init(
    network: Network, batch: Int, store: ParameterStore, pool: ThreadPool, workspace: TrainingWorkspace,
    purpose: Purpose = .training, isa: ISA
  ) throws {
    precondition(batch > 0, "a batch has an image")
    let context = PassContext(pool: pool, batch: batch, isa: isa)
    var compiler = PlanCompiler(network, batch: batch, chunks: context.chunks.count, store: store)
    let compiled = try compiler.compile()
    (name, self.batch, self.purpose, self.workspace) = (network.name, batch, purpose, workspace)
    (steps, memory, input, output) = (compiled.steps, compiled.memory, compiled.input, compiled.output)
    classes = compiled.output.classes
    imageShape = [input.channels, input.height, input.width]
    self.context = context
    let stride = ((steps.map(\.scratchElements).max() ?? 0) + 31) & ~15
    let scratch = memory.reserve(stride * pool.threads)
    compiler.settle(purpose, in: workspace)
    context.setScratch(memory.pointer(scratch), stride: stride)
  }

  /// Runs the network on a batch and returns the logits, `[images, classes]`.
  ///
  /// - Precondition: The batch has images of the network's input shape, `batch` of them; fewer for `.evaluate`.
  public func forward(_ images: ImageBatch, _ mode: Mode) throws -> Tensor {
    precondition(images.capacity >= batch, "the batch has room for \(images.capacity) images, not \(batch)")
    precondition(
      [images.channels, images.height, images.width] == imageShape.dimensions, "images of another shape")
    workspace.generation += 1
    generation = workspace.generation
    try setMode(mode, images: images)
    self.images = images
    input.external = UnsafePointer(images.pixels.pointer)
    for step in steps { step.loadParameters() }
    for position in steps.indices { run(position, isForward: true) }
    let count = images.count * classes
    return Tensor(
      [images.count, classes], Array(UnsafeBufferPointer(start: output.logitValues, count: count)))
  }

  private func setMode(_ mode: Mode, images: ImageBatch) throws {
    if case .evaluate = mode {
      precondition(images.count <= batch, "\(images.count) images in a batch of \(batch)")
    } else {
      precondition(images.count == batch, "\(images.count) images in a batch of \(batch)")
    }
    context.measures = true
    for case let step as BatchNormStep in steps {
      switch mode {
      case .train: step.mode = .batch
      case .recalibrate(let statistics): step.mode = .gather(statistics)
      case .evaluate(let weights):
        context.measures = false
        step.mode = .fixed(
          mean: try Self.statistic(step.mean, weights), variance: try Self.statistic(step.variance, weights))
      }
    }
  }

  private static func statistic(_ parameter: Parameter, _ weights: Weights) throws -> Tensor {
    guard let tensor = weights[parameter.name] else {
      throw Diagnostic(
        .failure, "a batch norm has no statistics", at: .init(path: parameter.name),
        rule: "a network is evaluated with statistics of its own",
        nearest: nearestName(to: parameter.name, among: weights.keys),
        remedy: "recalibrate first")
    }
    if tensor.shape == parameter.shape { return tensor }
    guard tensor.shape == parameter.storedShape else {
      throw Diagnostic(
        .failure, "statistics have another shape", at: .init(path: parameter.name),
        value: tensor.shape.description,
        rule: "the network sees \(parameter.shape)")
    }
    return parameter.extract(from: tensor)
  }

  /// Adds the gradients of all parameters to the store's, given the gradient of the loss with respect to the logits.
  ///
  /// - Precondition: The latest forward pass on the workspace was this plan's, with mode `.train`.
  public func backward(_ logitsGradient: Tensor) {
    precondition(purpose == .training, "the plan was compiled for inference")
    precondition(
      generation == workspace.generation, "another plan has used the workspace since the forward pass")
    precondition(logitsGradient.shape == [batch, classes], "the gradient has the shape of the logits")
    precondition(context.measures, "the forward pass used given statistics")
    // A second backward pass would find consumed memory.
    generation = -1
    logitsGradient.values.withUnsafeBufferPointer { from in
      if let address = from.baseAddress { output.gradientValues.update(from: address, count: from.count) }
    }
    for case let step as BatchNormStep in steps { step.clearGradientSums() }
    for position in steps.indices.reversed() { run(position, isForward: false) }
  }

  private func run(_ position: Int, isForward: Bool) {
    let step = steps[position]
    guard timings != nil else { return isForward ? step.forward(context) : step.backward(context) }
    let clock = ContinuousClock()
    let seconds = clock.measure { isForward ? step.forward(context) : step.backward(context) } / .seconds(1)
    timings?.add(position, step.kind, seconds, isForward: isForward)
  }
}

/// How long the steps of a plan took.
package struct StepTimings: Sendable {
  /// Seconds of forward and of backward passes per kind of step.
  package private(set) var seconds: [StepKind: (forward: Double, backward: Double)] = [:]
  /// Seconds per step.
  package private(set) var steps: [Int: (kind: StepKind, forward: Double, backward: Double)] = [:]

  package init() {}

  mutating func add(_ position: Int, _ kind: StepKind, _ duration: Double, isForward: Bool) {
    let (forward, backward) = isForward ? (duration, 0) : (0, duration)
    seconds[kind, default: (0, 0)].forward += forward
    seconds[kind, default: (0, 0)].backward += backward
    steps[position, default: (kind, 0, 0)].forward += forward
    steps[position, default: (kind, 0, 0)].backward += backward
  }
}
