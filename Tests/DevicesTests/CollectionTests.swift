import Devices
import Diagnostics
import Networks
import Testing

@Suite struct LatencyCollectionTests {
  private let jobs = (1...12).map { channels in
    MeasurementJob(key: "n\(channels)") { (try tinyNetwork(channels: channels), [:]) }
  }

  @Test("Every pair of network and device is measured once, in mixed order")
  func all() throws {
    var order: [String] = []
    var progress: [Int] = []
    try collection(seed: 1).run(jobs, progress: { done, _ in progress.append(done) }) { sample, device in
      order.append(device + sample.key)
      #expect(sample.latency.median > 0)
    }
    #expect(Set(order).count == 24 && order.count == 24)
    #expect(
      order.prefix(12).contains { $0.hasPrefix("one") } && order.prefix(12).contains { $0.hasPrefix("two") })
    #expect(order != order.sorted())
    #expect(progress == Array(0...24))
  }

  @Test("An interrupted collection goes on with what is missing, in the same order")
  func resumed() throws {
    var whole: [String] = []
    try collection(seed: 2).run(jobs) { whole.append($1 + $0.key) }
    var parts: [String] = []
    #expect(throws: Diagnostic.self) {
      try collection(seed: 2).run(jobs) {
        parts.append($1 + $0.key)
        if parts.count == 7 { throw Diagnostic(.interrupted, "stopped") }
      }
    }
    #expect(parts.count == 7)
    let known = Set(parts)
    try collection(seed: 2).run(jobs, isMeasured: { known.contains($1 + $0) }) { parts.append($1 + $0.key) }
    #expect(parts == whole)
  }

  private func collection(seed: UInt64) -> LatencyCollection {
    LatencyCollection(devices: [Named(name: "one"), Named(name: "two")], seed: seed)
  }
}

/// The formula device under another name.
private struct Named: Device {
  let name: String
  var fingerprint: DeviceFingerprint { FormulaDevice().fingerprint }
  func measure(_ network: Network, weights: Weights) -> LatencySummary {
    FormulaDevice().measure(network, weights: weights)
  }
}
