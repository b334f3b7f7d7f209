import Devices
import Diagnostics
import Foundation
import Latency
import Networks
import SearchSpaces
import Tensors

/// Measures networks on devices and stores every sample at once; what is there already is not measured again.
public struct SampleCollecting: Sendable {
  /// What is measured.
  public struct Plan: Sendable {
    /// How many random networks of the product's own.
    public var probes = 0
    /// Space files.
    public var spaces: [String] = []
    /// How many random architectures of each space.
    public var architectures = 0
    /// ONNX files.
    public var models: [String] = []
    /// Measurements of every network on every device, spread over the whole time.
    public var repeats = 1
    /// Further measurements of a network whose measurements were all disturbed.
    public var extraRepeats = 2
    /// Seconds of measuring per device, without what a disturbed machine costs.
    public var secondsPerDevice = Double.infinity
    /// Whether the first measurements go to the networks that teach a predictor most, rather than to random ones.
    public var choosesNetworks = true
    /// The seed of the draws and of the order.
    public var seed: UInt64 = 0

    /// An empty plan.
    public init() {}
  }

  /// What was measured on a device.
  public struct Outcome: Hashable, Sendable, Codable {
    /// The device's name.
    public var device: String
    /// Networks with a sample.
    public var networks: Int
    /// Networks all of whose samples were disturbed.
    public var disturbed: Int
    /// Networks that the device cannot run.
    public var refused: Int
    /// Other networks of the plan without a sample, since the time was over or the device was lost.
    public var missing: Int
    /// Seconds of measuring in this run and earlier ones, without what a disturbed machine cost.
    public var seconds: Double
  }

  let devices: [any Device]
  let plan: Plan
  let store: SampleStore
  let monitor: WorkMonitor

  /// Creates a collection.
  public init(devices: [any Device], plan: Plan, store: SampleStore, monitor: WorkMonitor = WorkMonitor()) {
    (self.devices, self.plan, self.store, self.monitor) = (devices, plan, store, monitor)
  }

  /// Measures what is missing.
  ///
  /// A network that a device cannot run is noted and not tried again.
  ///
  /// - Throws: ``Diagnostic`` where a file cannot be used, or the user interrupts; what was measured until then is stored.
  public func run() throws -> [Outcome] {
    let (drawn, kitchen) = try recipes()
    let recipes = plan.choosesNetworks ? try chosen(drawn, kitchen) : drawn
    for device in devices { try store.record(device.fingerprint, of: device.name) }
    for recipe in recipes { try store.record(recipe) }
    var clock = DeviceClock()
    for device in devices {
      clock.seconds[device.name] = try store.samples(on: device.name).values.joined().reduce(0) {
        $0 + $1.measuringSeconds
      }
    }
    for pass in 0..<plan.repeats + plan.extraRepeats { try run(pass, recipes, kitchen, &clock) }
    return try devices.map { device in
      let samples = try store.samples(on: device.name)
      let measured = recipes.compactMap { samples[$0.key] }
      let refusals = try store.refusals(on: device.name)
      let refused = recipes.count { refusals[$0.key] != nil }
      return Outcome(
        device: device.name, networks: measured.count, disturbed: measured.count(where: \.isDisturbed),
        refused: refused, missing: recipes.count - measured.count - refused, seconds: clock.seconds[device.name] ?? 0)
    }
  }

  /// The seconds that each device was measured for, in this run and earlier ones, and the devices that were lost.
  private struct DeviceClock {
    var seconds: [String: Double] = [:]
    var lost: Set<String> = []
  }

  private func run(
    _ pass: Int, _ recipes: [NetworkRecipe], _ kitchen: NetworkKitchen, _ clock: inout DeviceClock
  ) throws {
    var known: [String: [String: [LatencySample]]] = [:]
    var refused: [String: [String: String]] = [:]
    for device in devices {
      known[device.name] = try store.samples(on: device.name)
      refused[device.name] = try store.refusals(on: device.name)
    }
    func isMeasured(_ key: String, _ device: String) -> Bool {
      if refused[device]?[key] != nil { return true }
      let samples = known[device]?[key] ?? []
      // Passes beyond the wanted number are for what was always disturbed.
      let isDone = samples.count > pass || (pass >= plan.repeats && !samples.isDisturbed)
      return isDone || clock.seconds[device, default: 0] > plan.secondsPerDevice
    }
    let jobs = recipes.map { recipe in
      MeasurementJob(key: recipe.key) { try kitchen.network(recipe) }
    }
    let devices = devices.filter { !clock.lost.contains($0.name) }
    let keepsOrder = plan.choosesNetworks && pass == 0
    try LatencyCollection(devices: devices, seed: plan.seed &+ UInt64(pass), keepsOrder: keepsOrder).run(
      jobs, isMeasured: isMeasured,
      progress: { done, total in
        if done < total { try monitor.checkInterruption(remedy: "run the same command again to go on") }
        monitor.report(ProgressUpdate(phase: "measuring, pass \(pass + 1)", completed: done, total: total))
      },
      onLoss: { loss in
        clock.lost.insert(loss.name)
        monitor.logger.warning("\(loss.name) is lost, the others go on: \(loss.reason)")
      },
      onRefusal: { refusal in
        try store.record(refusal: "\(refusal.reason)", of: refusal.key, on: refusal.device)
        monitor.logger.warning("\(refusal.device) cannot run \(refusal.key): \(refusal.reason)")
      },
      onFailure: { failure in
        // Nothing is noted, so that it is tried again in the next pass, or when the command is run again.
        monitor.logger.warning("\(failure.device) did not measure \(failure.key): \(failure.reason)")
      },
      sink: { sample, device in
        try store.record(sample, on: device, attempt: known[device]?[sample.key]?.count ?? 0)
        clock.seconds[device, default: 0] += sample.measuringSeconds
      })
  }

  /// The networks in the order in which they teach a predictor most.
  ///
  /// Of very many, that is a random part, and the others follow.
  private func chosen(_ recipes: [NetworkRecipe], _ kitchen: NetworkKitchen) throws -> [NetworkRecipe] {
    guard recipes.count <= Self.mostChosen else {
      var random = RandomSource(seed: plan.seed, purpose: "networks to choose from")
      let shuffled = random.shuffled(recipes)
      return try chosen(Array(shuffled.prefix(Self.mostChosen)), kitchen) + shuffled.dropFirst(Self.mostChosen)
    }
    let features = try recipes.enumerated().map { place, recipe in
      try monitor.checkInterruption(remedy: "run the same command again to go on")
      monitor.report(ProgressUpdate(phase: "looking at networks", completed: place, total: recipes.count))
      return NetworkFeatures(of: try kitchen.structure(recipe))
    }
    return MeasuringOrder.byCoverage(features).map { recipes[$0] }
  }

  /// The networks of the plan, and what is needed to make them.
  private func recipes() throws -> ([NetworkRecipe], NetworkKitchen) {
    var recipes = (0..<plan.probes).map {
      NetworkRecipe.probe(number: $0, seed: plan.seed, version: ProbeNetwork.version)
    }
    var spaces: [String: SearchSpace] = [:]
    for path in plan.spaces {
      let data = try readFile(path)
      let (hash, space) = (sha256(data), try SearchSpace.load(path))
      try store.record(space: String(decoding: data, as: UTF8.self), hash: hash)
      spaces[hash] = space
      recipes += try architectures(of: space).map { .architecture(json: $0.json, space: hash) }
    }
    for path in plan.models {
      // The samples are used from other folders, too.
      let path = URL(fileURLWithPath: path).standardizedFileURL.path
      recipes.append(.file(path: path, sha256: sha256(try readFile(path))))
    }
    guard !recipes.isEmpty else {
      throw Diagnostic(
        .usage, "there is nothing to measure", rule: "networks come from probes, spaces or ONNX files",
        remedy: "add --probes 100, --space FILE or --model FILE")
    }
    var seen: Set<String> = []
    return (recipes.filter { seen.insert($0.key).inserted }, NetworkKitchen(spaces: spaces))
  }

  /// Comparing all operators of all networks takes memory that grows with the square of their number.
  private static let mostChosen = 1_500

  /// The largest and the smallest network, so that nothing lies outside what was measured, and random ones.
  private func architectures(of space: SearchSpace) throws -> [Architecture] {
    var random = RandomSource(seed: plan.seed, purpose: "networks to measure of \(space.name)")
    var chosen = [space.largest, space.smallest]
    var seen = Set(chosen)
    // A small space runs out of new networks; the bound ends the draws.
    for _ in 0..<100 * plan.architectures where chosen.count < plan.architectures {
      let architecture = space.sample(using: &random)
      if seen.insert(architecture).inserted { chosen.append(architecture) }
    }
    return Array(chosen.prefix(plan.architectures))
  }
}
