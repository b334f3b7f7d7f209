import Networks
import Tensors

/// What a clock at every operator adds to a runtime's own timings of them.
///
/// ONNX Runtime's profile of a network whose operators take microseconds is longer than the network by up to three
/// quarters: the events' texts are put together before the clock stops. Shares of such timings would make small
/// operators too large. OpenVINO's are whole microseconds, cut off, and so too short.
package struct RuntimeClock {
  /// A network's latency, and the timings of its operators.
  package struct Reading {
    /// The median of the network's runs without clocks.
    var milliseconds: Double
    /// The runtime's timings.
    var operators: [OperatorAttribution.Timing]

    /// Creates a reading.
    package init(milliseconds: Double, operators: [OperatorAttribution.Timing]) {
      (self.milliseconds, self.operators) = (milliseconds, operators)
    }

    fileprivate var timed: Double { operators.reduce(0) { $0 + $1.milliseconds } }
  }

  /// What every timing has too much; negative where it has too little.
  package let milliseconds: Double

  /// Of convolutions as small as can be, one after the other, which no runtime makes one.
  package static func chain(_ length: Int) throws -> (network: Network, weights: Weights) {
    var builder = NetworkBuilder(name: "clock")
    var value = try builder.input("image", [1, 16, 1, 1])
    for place in 0..<length {
      value = try builder.convolution("link\(place)", value, .square(channels: 16, kernel: 1))
    }
    let network = builder.network(outputs: [("end", value)])
    return (network, network.timingWeights(seed: 0))
  }

  /// The numbers of links of the chains to read: what a run costs by itself cancels out between them.
  package static let lengths = (few: 2, many: 50)

  /// The middle of several, since a disturbed moment makes a clock dearer or cheaper.
  package init(middleOf clocks: [RuntimeClock]) {
    milliseconds = median(clocks.map(\.milliseconds))
  }

  /// - Parameters few, many: the chains' readings.
  package init(few: Reading, many: Reading) {
    // Where a runtime shows no operators, or makes the chain one, both differ by the same, and there is nothing to
    // correct.
    let timed = many.timed - few.timed
    let taken = timed > 0 ? max(0, many.milliseconds - few.milliseconds) : 0
    milliseconds = (timed - taken) / Double(Self.lengths.many - Self.lengths.few)
  }

  /// Timings without the clock's part.
  package func corrected(_ timings: [OperatorAttribution.Timing]) -> [OperatorAttribution.Timing] {
    timings.map { timing in
      guard timing.milliseconds > 0 else { return timing }
      // No operator is for nothing, though a clock that costs as much as it measures cannot tell how much.
      let own = max(timing.milliseconds - milliseconds, Self.leastPart * timing.milliseconds)
      return .init(name: timing.name, milliseconds: own)
    }
  }

  private static let leastPart = 0.1
}
