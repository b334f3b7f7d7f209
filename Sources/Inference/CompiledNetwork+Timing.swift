import Compute
import Networks

/// What one node of a compiled network costs, measured.
public struct OperatorTiming: Hashable, Sendable, Codable {
  /// The node's name, or that of the output that is copied.
  public var name: String
  /// The operator's name; `output` for copying an output.
  public var op: String
  /// The median over the runs.
  public var milliseconds: Double
  /// Multiply-accumulate operations of one run, all images of the batch together.
  public var macs: Int
  /// 10⁹ floating-point operations per second, two per multiply-accumulate.
  public var gigaflops: Double
  /// The part of all nodes' time, 0 … 1.
  public var share: Double
}

extension CompiledNetwork {
  /// Times single runs on what the input buffers hold, in milliseconds and in order.
  ///
  /// - Parameters:
  ///   - warmUp: Runs ahead that are not counted: caches and branch predictors fill, threads wake.
  ///   - count: The number of timed runs.
  public func timeRuns(warmUp: Int = 0, count: Int) -> [Double] {
    for _ in 0..<warmUp { run() }
    return (0..<count).map { _ in 1e3 * MonotonicClock.seconds { run() } }
  }

  /// Times every node in `runs` runs. Nodes that do nothing, such as a flattening that keeps the layout, are left out.
  ///
  /// The sum is a little more than a run takes, since the clock is read around every node.
  public func profile(runs: Int) -> [OperatorTiming] {
    let nodes = plan.nodes.filter { !$0.steps.isEmpty }
    run()
    var timings = nodes.map { _ in [Double]() }
    for _ in 0..<max(1, runs) {
      for (index, node) in nodes.enumerated() {
        timings[index].append(1e3 * MonotonicClock.seconds { run(node.steps) })
      }
    }
    let medians = timings.map { LatencySummary(milliseconds: $0).median }
    let total = max(medians.reduce(0, +), .leastNormalMagnitude)
    return zip(nodes, medians).map { timing(of: $0, $1, share: $1 / total) }
  }

  private func timing(
    of part: CompiledPlan.NodeSteps, _ milliseconds: Double, share: Double
  ) -> OperatorTiming {
    let node = executed.nodes[part.value]
    let macs = part.output == nil ? batch * executed.cost(of: node).macs : 0
    return OperatorTiming(
      name: part.output ?? node.name, op: part.output == nil ? node.op.name : "output",
      milliseconds: milliseconds,
      macs: macs, gigaflops: milliseconds > 0 ? 2 * Double(macs) / milliseconds / 1e6 : 0, share: share)
  }
}
