import CKernels
import Compute
import Diagnostics
import Networks
import Tensors

/// A network compiled for this machine: values placed in one arena, weights packed, kernels chosen.
///
///     let pool = ThreadPool(threads: 2)
///     let compiled = try CompiledNetwork(network.fused(with: weights), pool: pool)
///     let logits = try compiled.run(["image": picture])["logits"]
///
/// Images come and go as batch × channels × height × width and lie as batch × height × width × channels inside. Results
/// have the same bits for any number of threads of one instruction-set level. Compile a fused network: batch norms and
/// activations that stand alone cost a pass over memory each.
///
/// Numbers below 1.2e-38 in size (subnormal ones) count as zeros, at every level: an activation such as swish makes many
/// of them, and each would cost more than a hundred cycles.
///
/// One caller at a time; the pool may serve several compiled networks, one after the other.
public final class CompiledNetwork {
  /// The network that was compiled.
  public let network: Network
  /// The number of images per run.
  public let batch: Int
  /// The instruction-set level of the kernels.
  public let isa: ISA
  /// Bytes of the arena that holds every value between the inputs and the outputs.
  public let peakActivationBytes: Int
  /// Bytes of scratch memory for unrolled windows and transformed tiles, all threads together.
  public let workspaceBytes: Int
  /// Bytes of packed weights and tables.
  public let weightBytes: Int
  /// Bytes of the largest set of values that are needed at one time: no plan can use less than this.
  package let liveActivationBytes: Int

  let plan: CompiledPlan
  let pool: ThreadPool
  /// The plan's steps at an address that threads can share.
  private let steps: UnsafeMutableBufferPointer<Step>

  /// The network as it is executed: the one that was given, or that with conversions between bytes and numbers.
  let executed: Network

  /// Compiles a network.
  ///
  /// - Parameters:
  ///   - network: A network of convolutional operators, fused or not; shapes are for a batch of one.
  ///   - weights: Every parameter's tensor by name, in its stored shape.
  ///   - batch: The number of images per run.
  ///   - pool: The threads that run it.
  ///   - isa: The level of the kernels; all levels agree up to rounding. By default the best that the machine has.
  ///   - linearFormat: How the weights of fully connected layers in FP32 are stored instead.
  ///   - precision: Whether operators of a quantised network work on bytes, or on FP32 numbers that are rounded.
  /// - Throws: ``Diagnostic`` for an operator that the core does not run, a weight that is missing or has another shape,
  ///   a level that this machine lacks, or a network larger than its memory.
  public init(
    _ network: Network, weights: Weights, batch: Int = 1, pool: ThreadPool, isa: ISA? = nil,
    precision: Precision = .int8, linearFormat: LinearFormat? = nil
  ) throws {
    let usesBytes = precision == .int8 && network.isQuantised
    let usesTiles = usesBytes || linearFormat != nil || network.hasBF16
    let isa = isa.map { usesTiles ? $0 : min($0, .avx512) } ?? (usesTiles ? .nativeInteger : .native)
    guard batch >= 1 else {
      throw Diagnostic(.usage, "bad batch", value: String(batch), rule: "a batch has at least 1 image")
    }
    guard isa.isSupported else {
      throw Diagnostic(
        .usage, "this machine cannot run the kernels", value: isa.rawValue,
        rule: "it runs \(CPU.current.levels.map(\.rawValue).joined(separator: ", "))")
    }
    let bytePlan = try BytePlanner.plan(network, weights: weights, usesBytes: usesBytes)
    executed = bytePlan.network
    var compiler = try NetworkCompiler(
      bytePlan, weights: weights, batch: batch, threads: pool.threads, isa: isa, linearFormat: linearFormat)
    plan = try compiler.compile()
    (self.network, self.batch, self.isa, self.pool) = (network, batch, isa, pool)
    let word = MemoryLayout<Float>.stride
    peakActivationBytes = word * plan.arenaElements
    liveActivationBytes = word * plan.liveElements
    workspaceBytes = word * plan.workspace.count
    weightBytes = word * plan.constants.count
    steps = .allocate(capacity: plan.steps.count)
    _ = steps.initialize(fromContentsOf: plan.steps)
  }

  deinit {
    steps.deinitialize()
    steps.deallocate()
  }

  /// Runs once on what the input buffers hold; the results lie in the output buffers. Allocates nothing.
  public func run() { run(0..<steps.count) }

  /// Runs some of the steps.
  func run(_ range: Range<Int>) {
    for index in range {
      guard let step = steps.baseAddress.map({ $0 + index }) else { return }
      pool.run(step.pointee.pieces, context: step) { context, piece, worker in
        // Around every piece, whoever runs it, so that all threads round alike and the caller's setting is kept.
        let control = qn_cpu_flush_subnormals()
        context?.assumingMemoryBound(to: Step.self).pointee.run(piece, worker: worker)
        qn_cpu_restore_control(control)
      }
    }
  }

  /// Runs once on a batch.
  ///
  /// - Parameter inputs: A tensor for every input, with the network's shape times the batch.
  /// - Returns: A tensor for every output.
  /// - Throws: ``Diagnostic`` where an input is missing, unknown, or has another shape.
  public func run(_ inputs: [String: Tensor]) throws -> [String: Tensor] {
    try bind(inputs)
    run()
    return results
  }

  /// Fills the input buffers.
  ///
  /// - Throws: ``Diagnostic`` where an input is missing, unknown, or has another shape.
  public func bind(_ inputs: [String: Tensor]) throws {
    let known = plan.inputs.keys.sorted()
    for name in inputs.keys.sorted() where plan.inputs[name] == nil {
      throw Diagnostic(
        .usage, "the network has no such input", value: name, rule: "it has \(known.joined(separator: ", "))",
        nearest: nearestName(to: name, among: known))
    }
    for (name, bound) in plan.inputs {
      guard let tensor = inputs[name] else {
        throw Diagnostic(.usage, "an input is missing", value: name, rule: "it has the shape \(bound.shape)")
      }
      guard tensor.shape == bound.shape else {
        throw Diagnostic(
          .usage, "the input \(name) has another shape", value: tensor.shape.description,
          rule: "the network was compiled for \(bound.shape)")
      }
      tensor.values.withUnsafeBufferPointer { values in
        if let start = values.baseAddress { bound.buffer.pointer.update(from: start, count: values.count) }
      }
    }
  }

  /// What the output buffers hold.
  public var results: [String: Tensor] {
    plan.outputs.mapValues { bound in
      Tensor(bound.shape, Array(UnsafeBufferPointer(start: bound.buffer.pointer, count: bound.buffer.count)))
    }
  }
}
