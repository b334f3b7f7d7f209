import Devices
import Diagnostics
import Latency
import Networks
import SearchSpaces
import Tensors

/// What a device was found to do with the networks of a space: a fitted predictor, and how wrong it is.
struct DeviceProfile {
  /// A latency as predicted before it was measured, and as measured.
  struct Pair: Hashable {
    var predicted: Double
    var measured: Double
  }

  let predictor: LatencyPredictor
  /// The latencies measured so far.
  let memory: LatencyMemory
  /// Networks that took no part in fitting.
  let heldOut: [Pair]
  /// The latency of the largest network.
  let slowest: Double
}

/// Measures random networks of a space on a device and fits a latency predictor.
struct DeviceProfiling {
  let space: SearchSpace
  let settings: Experiment.Profiling
  let seed: UInt64
  let memory: LatencyMemory
  let monitor: WorkMonitor

  /// - Throws: `Diagnostic` where the device cannot run a network.
  func run() throws -> DeviceProfile {
    var random = RandomSource(seed: seed, purpose: "networks for the latency predictor")
    var seen = Set([space.largest, space.smallest])
    var drawn: [Architecture] = []
    // A small space runs out of new networks; the bound ends the draws.
    for _ in 0..<100 * (settings.networks + settings.heldOut) where drawn.count < settings.networks + settings.heldOut {
      let architecture = space.sample(using: &random)
      if seen.insert(architecture).inserted { drawn.append(architecture) }
    }
    let fitted = [space.largest, space.smallest] + drawn.dropLast(min(settings.heldOut, drawn.count / 4))
    let networks = try (fitted + drawn.suffix(min(settings.heldOut, drawn.count / 4))).map {
      (architecture: $0, network: try space.network(for: $0))
    }
    return try profile(networks.map(\.network), measure(networks), fitted: fitted.count)
  }

  private func measure(_ networks: [(architecture: Architecture, network: Network)]) throws -> [TrainingSample] {
    let resumed = try networks.count { try memory.isKnown(.network, $0.architecture.hash) }
    let jobs = networks.map { architecture, network in
      MeasurementJob(key: architecture.hash) {
        try memory.requireMeasurable(architecture.hash)
        return (network, network.timingWeights(seed: seed))
      }
    }
    try LatencyCollection(devices: [memory.device], seed: seed).run(
      jobs, isMeasured: { key, _ in try memory.isKnown(.network, key) },
      progress: { done, total in
        if done < total { try monitor.checkInterruption() }
        monitor.report(
          .init(
            phase: "measuring networks on \(memory.device.name)", completed: done, total: total, resumed: resumed))
      },
      sink: { sample, _ in try memory.record(.network, sample) })
    return try samples(of: networks)
  }

  private func samples(of networks: [(architecture: Architecture, network: Network)]) throws -> [TrainingSample] {
    let recorded = try networks.map { architecture, network in
      // Recorded by the collection: nothing is measured here.
      try memory.latency(of: architecture, as: .network) { (network, network.timingWeights(seed: seed)) }
    }
    let disturbed = recorded.count { $0.latency.disturbed }
    if disturbed > 0 {
      monitor.logger.warning(
        "\(disturbed) of \(recorded.count) measurements were disturbed; close what else runs here")
    }
    return zip(networks, recorded).map { network, sample in
      TrainingSample(key: sample.key, network: network.network, milliseconds: sample.latency.median)
    }
  }

  private func profile(_ networks: [Network], _ samples: [TrainingSample], fitted: Int) throws -> DeviceProfile {
    let predictor = try LatencyPredictor.fit(
      Array(samples[..<fitted]),
      provenance: .init(
        deviceName: memory.device.name, device: memory.device.fingerprint, space: space.name, spaceHash: memory.space),
      options: .init(seed: seed))
    let heldOut = try zip(networks, samples).dropFirst(fitted).map { network, sample in
      DeviceProfile.Pair(predicted: try predictor.predict(network).milliseconds, measured: sample.milliseconds)
    }
    return DeviceProfile(predictor: predictor, memory: memory, heldOut: heldOut, slowest: samples[0].milliseconds)
  }
}
