import Devices
import Diagnostics
import Networks
import Synchronization
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

  @Test("A device that is lost is left out from then on, told of once, and measured by a later call")
  func lost() throws {
    let devices: [any Device] = [Named(name: "one"), Vanishing(name: "gone", after: 4)]
    var samples: [String] = []
    var told: [LostDevice] = []
    let lost = try LatencyCollection(devices: devices, seed: 3).run(jobs, onLoss: { told.append($0) }) {
      samples.append($1 + $0.key)
    }
    #expect(lost.map(\.name) == ["gone"] && lost == told)
    #expect(lost[0].reason.problem == "the agent does not answer")
    #expect(samples.count { $0.hasPrefix("one") } == 12 && samples.count { $0.hasPrefix("gone") } == 4)
    let known = Set(samples)
    let later = LatencyCollection(devices: [Named(name: "one"), Named(name: "gone")], seed: 3)
    #expect(try later.run(jobs, isMeasured: { known.contains($1 + $0) }) { samples.append($1 + $0.key) }.isEmpty)
    #expect(samples.count == 24 && Set(samples).count == 24)
  }

  @Test("A collection ends where no device is left, and where a device cannot run a network")
  func ended() throws {
    let alone = LatencyCollection(devices: [Vanishing(name: "gone", after: 2)], seed: 3)
    var samples = 0
    let loss = try #require(throws: Diagnostic.self) { try alone.run(jobs) { _, _ in samples += 1 } }
    #expect(loss.category == .unreachable && samples == 2)
    let broken = LatencyCollection(
      devices: [Named(name: "one"), Vanishing(name: "broken", after: 2, category: .failure)], seed: 3)
    #expect(throws: Diagnostic.self) { try broken.run(jobs) { _, _ in } }
  }

  @Test("A network that a device cannot run is told of, and the others go on")
  func refused() throws {
    var (samples, refused): ([LatencySample], [RefusedNetwork]) = ([], [])
    let devices = [Vanishing(name: "broken", after: 2, category: .unsupported)]
    try LatencyCollection(devices: devices, seed: 3).run(jobs, onRefusal: { refused.append($0) }) { sample, _ in
      samples.append(sample)
    }
    #expect(samples.count == 2 && refused.count == 10 && refused.allSatisfy { $0.device == "broken" })
    #expect(Set(samples.map(\.key) + refused.map(\.key)).count == 12)
    #expect(samples.allSatisfy { ($0.seconds ?? -1) >= 0 })
    let full = Diagnostic(.failure, "the disk is full")
    #expect(throws: full) {
      try LatencyCollection(devices: [Named(name: "one")], seed: 3).run(jobs, onRefusal: { _ in }) { _, _ in throw full
      }
    }
  }

  @Test("A measurement that failed is told of apart from networks that a device cannot run", arguments: [false, true])
  func failed(isBroken: Bool) throws {
    var (refused, failed) = (0, 0)
    let device = Vanishing(name: "one", after: 2, category: isBroken ? .failure : .unusableFile)
    try LatencyCollection(devices: [device], seed: 3).run(
      jobs, onRefusal: { _ in refused += 1 }, onFailure: { _ in failed += 1 }
    ) { _, _ in }
    #expect(failed == (isBroken ? 10 : 0) && refused == (isBroken ? 0 : 10))
  }

  private func collection(seed: UInt64) -> LatencyCollection {
    LatencyCollection(devices: [Named(name: "one"), Named(name: "two")], seed: seed)
  }
}

/// A device that fails after a number of measurements.
private final class Vanishing: Device {
  let name: String
  private let left: Mutex<Int>
  private let category: Diagnostic.Category

  init(name: String, after count: Int, category: Diagnostic.Category = .unreachable) {
    (self.name, self.category) = (name, category)
    left = Mutex(count)
  }

  var fingerprint: DeviceFingerprint { FormulaDevice().fingerprint }

  func measure(_ network: Network, weights: Weights) throws -> LatencySummary {
    let isLeft = left.withLock { left in
      left -= 1
      return left >= 0
    }
    guard isLeft else { throw Diagnostic(category, "the agent does not answer") }
    return FormulaDevice().measure(network, weights: weights)
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
