import Compute
import Diagnostics
import Foundation
import Networks
import Tensors

/// A network to be measured. It is made when its turn comes, so that a long list takes little memory.
public struct MeasurementJob: Sendable {
  /// What names it in samples, such as an architecture's hash.
  public var key: String
  /// Makes the network and its weights.
  public var network: @Sendable () throws -> (network: Network, weights: Weights)

  /// Creates a job.
  public init(key: String, network: @escaping @Sendable () throws -> (network: Network, weights: Weights)) {
    self.key = key
    self.network = network
  }
}

/// A device that could not be reached any more while networks were measured.
public struct LostDevice: Hashable, Sendable {
  /// The device's name.
  public var name: String
  /// How it failed.
  public var reason: Diagnostic

  /// Creates the record of a loss.
  public init(name: String, reason: Diagnostic) { (self.name, self.reason) = (name, reason) }
}

/// A network that a device cannot run, or did not.
public struct RefusedNetwork: Hashable, Sendable {
  /// The key of its job.
  public var key: String
  /// The device's name.
  public var device: String
  /// Why it does not run.
  public var reason: Diagnostic

  /// Creates the record of a refusal.
  public init(key: String, device: String, reason: Diagnostic) {
    (self.key, self.device, self.reason) = (key, device, reason)
  }
}

/// Measures networks on devices and hands every sample over as soon as it is known.
///
/// All pairs of network and device are measured in one random order, so that a slow drift of the machine does not fall on
/// a part of the networks or on one device; or network after network, where their order matters.
public struct LatencyCollection: Sendable {
  /// The devices.
  public var devices: [any Device]
  /// The seed of the order.
  public var seed: UInt64
  /// Whether networks are measured in the order in which they are given.
  public var keepsOrder: Bool

  /// Creates a collection.
  public init(devices: [any Device], seed: UInt64, keepsOrder: Bool = false) {
    (self.devices, self.seed, self.keepsOrder) = (devices, seed, keepsOrder)
  }

  /// Measures what is not measured yet.
  ///
  /// Whatever `sink` or `progress` throws ends the collection, and a later call goes on in the same order. A device that
  /// is unreachable is left out from then on, and the others go on.
  ///
  /// - Parameters:
  ///   - isMeasured: whether a network's sample on a device is known already, by key and device name.
  ///   - progress: is told how many pairs are done of those that were not measured yet, before every measurement and at the end.
  ///   - onLoss: is told once of every device that is lost while others are left.
  ///   - onRefusal: is told of every network that a device cannot run; throws to end the collection.
  ///   - onFailure: is told of every measurement that failed for another reason, such as a busy machine, so that a later call
  ///     may succeed; throws to end the collection.
  ///   - sink: takes a sample and the name of its device.
  /// - Returns: The devices that were lost; a later call measures what is missing of them.
  /// - Throws: ``Diagnostic`` where a network cannot be made, or no device is left.
  @discardableResult
  public func run(
    _ jobs: [MeasurementJob],
    isMeasured: (_ key: String, _ device: String) throws -> Bool = { _, _ in false },
    progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in },
    onLoss: (LostDevice) throws -> Void = { _ in },
    onRefusal: (RefusedNetwork) throws -> Void = { throw $0.reason },
    onFailure: (RefusedNetwork) throws -> Void = { throw $0.reason },
    sink: (_ sample: LatencySample, _ device: String) throws -> Void
  ) throws -> [LostDevice] {
    var lost: [LostDevice] = []
    var random = RandomSource(seed: seed, purpose: "measurement order")
    let rows = jobs.indices.map { job in devices.indices.map { (job: job, device: $0) } }
    let pairs = keepsOrder ? rows.flatMap { random.shuffled($0) } : random.shuffled(rows.flatMap { $0 })
    // What is known already would make the rest look quicker than it is.
    let pending = try pairs.filter { try !isMeasured(jobs[$0.job].key, devices[$0.device].name) }
    for (done, pair) in pending.enumerated() {
      let (job, device) = (jobs[pair.job], devices[pair.device])
      if lost.contains(where: { $0.name == device.name }) { continue }
      if try isMeasured(job.key, device.name) { continue }
      try progress(done, pending.count)
      let (network, weights) = try job.network()
      let start = MonotonicClock.nanoseconds
      let latency: LatencySummary
      do {
        latency = try device.measure(network, weights: weights)
      } catch let reason as Diagnostic where reason.category == .unreachable {
        lost.append(LostDevice(name: device.name, reason: reason))
        guard lost.count < devices.count else { throw reason }
        try onLoss(lost[lost.count - 1])
        continue
      } catch let reason as Diagnostic where [.unsupported, .unusableFile].contains(reason.category) {
        try onRefusal(RefusedNetwork(key: job.key, device: device.name, reason: reason))
        continue
      } catch let reason as Diagnostic where reason.category == .failure {
        try onFailure(RefusedNetwork(key: job.key, device: device.name, reason: reason))
        continue
      }
      let seconds = Double(MonotonicClock.nanoseconds - start) / 1e9
      try sink(
        LatencySample(
          key: job.key, latency: latency, device: device.fingerprint, seconds: seconds,
          time: Date.now.timeIntervalSince1970), device.name)
    }
    try progress(pending.count, pending.count)
    return lost
  }
}
