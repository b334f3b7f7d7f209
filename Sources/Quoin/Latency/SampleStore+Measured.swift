import Devices
import Diagnostics
import Latency
import Networks
import Tensors

extension SampleStore {
  /// The networks that were measured on a device while nothing disturbed it, with what their operators took; the middle of
  /// repeated measurements.
  ///
  /// - Parameter progress: is told how many networks are made of how many.
  /// - Throws: ``Diagnostic`` where the device has no samples or a network cannot be made again.
  public func measuredNetworks(
    on device: String,
    progress: (_ done: Int, _ total: Int) throws -> Void = { _, _ in }
  ) throws -> [MeasuredNetwork] {
    let devices = try devices().keys.sorted()
    guard devices.contains(device) else {
      throw Diagnostic(
        .usage, "there are no samples of this device", at: .init(file: Self.fileName), value: device,
        rule: "the devices are \(devices.joined(separator: ", "))", nearest: nearestName(to: device, among: devices))
    }
    let (samples, recipes) = (try samples(on: device), try networkRecipes())
    let kitchen = try kitchen()
    let chosen = samples.filter { !$0.value.isDisturbed }.sorted { $0.key < $1.key }
    return try chosen.enumerated().compactMap { position, entry in
      try progress(position, chosen.count)
      guard let recipe = recipes[entry.key], let milliseconds = entry.value.agreedMilliseconds else { return nil }
      let timings = entry.value.agreedTimings(milliseconds)
      return try MeasuredNetwork(
        key: entry.key, family: recipe.family, features: NetworkFeatures(of: kitchen.structure(recipe)),
        milliseconds: milliseconds, timings: timings, passings: OperatorAttribution.nodes(after: timings),
        time: entry.value.first { !$0.latency.disturbed }?.time)
    }
  }
}

extension [LatencySample] {
  /// What the operators take by name: the middle over the measurements that agree on the latency, as parts of it.
  func agreedTimings(_ milliseconds: Double) -> [String: Double] {
    let calm = filter { !$0.latency.disturbed }
    let timings = (calm.isEmpty ? self : calm).compactMap(\.latency.operators)
    let names = Set(timings.flatMap(\.keys))
    let medians = Dictionary(
      uniqueKeysWithValues: names.map { name in (name, median(timings.map { $0[name] ?? 0 })) })
    let sum = medians.values.reduce(0, +)
    return sum > 0 ? medians.mapValues { $0 / sum * milliseconds } : [:]
  }
}
