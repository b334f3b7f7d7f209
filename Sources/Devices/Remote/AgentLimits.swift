import Diagnostics
import Networks

/// What an agent accepts, so that no client takes its memory or its time.
public struct AgentLimits: Hashable, Sendable {
  /// Bytes of a network's file.
  public var bytes: Int
  /// Multiply-accumulates of a network, elements that its pools read and values that it writes: more than ViT-H/14 has; some
  /// minutes on one core.
  public var work = 2e11
  /// Bytes of the values of a network that are needed at one time.
  public var activationBytes = 4 << 30
  /// Requests that hold a network or wait for their turn.
  public var waiting = 8
  /// Connections at one time.
  public var connections = 64
  /// Seconds for the head of a request, and for an answer to leave.
  public var headSeconds = 10.0
  /// Seconds that the sender of a body may stop for.
  public var bodySeconds = 30.0
  /// Bytes per second that the sender of a body reaches beyond that.
  public var bodyRate = 65_536.0

  /// Creates limits; what the parameters leave out has sensible ones.
  public init(bytes: Int = 256 << 20) { self.bytes = bytes }

  /// Refuses a network that would keep the machine busy for long or needs more memory than it may.
  ///
  /// - Throws: ``Diagnostic`` that names the limit.
  package func check(_ network: Network) throws {
    // Sums of hostile networks may not fit into integers.
    let work = network.nodes.reduce(0.0) { work, node in
      let elements = Double(node.shape.elementCount)
      return work + elements + (node.op.windowElements(output: node.shape) ?? Double(network.cost(of: node).macs))
    }
    guard work <= self.work else {
      throw Diagnostic(
        .unusableFile, "the network is too slow for the agent", value: "\(work) operations",
        rule: "multiply-accumulates, elements that pools read and values are at most \(self.work)")
    }
    let live = network.liveBytes
    guard live <= activationBytes else {
      throw Diagnostic(
        .unusableFile, "the network's values are too large for the agent", value: "\(live) bytes",
        rule: "at most \(activationBytes) bytes at one time", remedy: "make the input smaller")
    }
  }
}

extension Network {
  /// Bytes of the largest set of values in FP32 that are needed at one time.
  fileprivate var liveBytes: Int {
    var lastReader = Array(nodes.indices)
    for (position, node) in nodes.enumerated() { for input in node.inputs { lastReader[input] = position } }
    for output in outputs { lastReader[output.value] = nodes.count }
    var ends = [Int](repeating: 0, count: nodes.count + 1)
    var (live, largest) = (0, 0)
    for (position, node) in nodes.enumerated() {
      let bytes = 4 * node.shape.elementCount
      live += bytes
      largest = max(largest, live)
      ends[lastReader[position]] += bytes
      live -= ends[position]
    }
    return largest
  }
}
