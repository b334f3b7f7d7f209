import Devices
import Diagnostics
import Inference
import Networks
import Tensors

/// What the layers of a network take in their formats, and what converting the values between them takes, on a device.
///
/// All numbers are milliseconds with a batch of one.
public struct LayerTimes: Hashable, Sendable {
  /// What is spent whatever the formats are: operators that never work on bytes, copying results out.
  public var fixed: Double
  /// By format, every layer with what belongs to it, without conversions.
  public var layers: [LayerFormat: [Double]]
  /// The conversion of every crossing value from numbers to bytes.
  public var toBytes: [Double]
  /// The conversion of every crossing value from bytes to numbers.
  public var toNumbers: [Double]

  /// Times of all parts.
  package init(fixed: Double, layers: [LayerFormat: [Double]], toBytes: [Double], toNumbers: [Double]) {
    (self.fixed, self.layers) = (fixed, layers)
    (self.toBytes, self.toNumbers) = (toBytes, toNumbers)
  }

  /// What a layer takes in a format that it can have.
  public func milliseconds(_ layer: Int, _ format: LayerFormat) -> Double { layers[format]?[layer] ?? .infinity }
}

/// Measures ``LayerTimes``: whole networks with formats for their layers are timed by the measuring protocol, and the times of
/// their steps are parted by what the steps are for.
///
/// The first networks have all layers in one format each; then formats are dealt to the layers at random and passed round, so
/// that every layer has each of them once, until every conversion was seen ``sightings`` times. Every number is the median over the networks that have it, of the
/// undisturbed ones where there are any.
package struct LayerTimer {
  /// How often every conversion is seen.
  static let sightings = 3
  /// The number of deals after which conversions that are still missing are not looked for: there are none.
  static let mostDeals = 16

  /// A network with formats for its layers, measured.
  package struct Sample {
    let formats: [LayerFormat]
    let latency: LatencySummary

    /// The latency of the network with these formats.
    package init(formats: [LayerFormat], latency: LatencySummary) { (self.formats, self.latency) = (formats, latency) }

    var isBytes: [Bool] { formats.map { $0 == .int8 } }
  }

  let calibrated: CalibratedNetwork
  /// The formats that are wanted, and those of them that every layer can have.
  let wanted: [LayerFormat]
  let formats: [[LayerFormat]]
  let purposes: StepPurposes

  /// The timer of a network whose layers may have some formats, FP32 and INT8 among them.
  package init(_ calibrated: CalibratedNetwork, formats wanted: [LayerFormat]) {
    (self.calibrated, self.wanted) = (calibrated, wanted)
    formats = calibrated.formats(of: wanted)
    purposes = StepPurposes(calibrated)
  }

  /// The networks to measure, by the formats of their layers; FP32 stands for a format that a layer cannot have.
  package func designs(seed: UInt64) -> [[LayerFormat]] {
    let count = calibrated.layers.count
    var random = RandomSource(seed: seed, purpose: "mixed precision designs")
    var designs = wanted.map { format in formats.map { $0.contains(format) ? format : .fp32 } }
    while designs.count < wanted.count * (1 + Self.mostDeals), !isEnough(designs.map { $0.map { $0 == .int8 } }) {
      let order = random.shuffled(Array(0..<count))
      for round in wanted.indices {
        var dealt = [LayerFormat](repeating: .fp32, count: count)
        for (place, layer) in order.enumerated() {
          let format = wanted[(place + round) % wanted.count]
          if formats[layer].contains(format) { dealt[layer] = format }
        }
        designs.append(dealt)
      }
    }
    return designs
  }

  private func isEnough(_ designs: [[Bool]]) -> Bool {
    guard designs.count >= wanted.count * Self.sightings else { return false }
    return purposes.crossings.allSatisfy { crossing in
      [true, false].allSatisfy { isToBytes in
        !crossing.canBeConverted(toBytes: isToBytes)
          || designs.count { crossing.isConverted(toBytes: isToBytes, $0) } >= Self.sightings
      }
    }
  }

  /// The medians over measured networks.
  ///
  /// - Precondition: every layer was measured in all of its formats.
  package func times(_ samples: [Sample]) -> LayerTimes {
    let parts = samples.map(parts)
    func median(_ purpose: StepPurpose, where isSeen: (Sample) -> Bool) -> Double {
      let seen = zip(samples, parts).filter { isSeen($0.0) }
      let calm = seen.filter { !$0.0.latency.disturbed }
      let numbers = (calm.isEmpty ? seen : calm).map { $0.1[purpose] ?? 0 }
      return numbers.isEmpty ? 0 : LatencySummary(milliseconds: numbers).median
    }
    let layers = wanted.map { format in
      (format, calibrated.layers.indices.map { layer in median(.layer(layer)) { $0.formats[layer] == format } })
    }
    let crossings = purposes.crossings.enumerated()
    return LayerTimes(
      fixed: median(.other) { _ in true }, layers: Dictionary(uniqueKeysWithValues: layers),
      toBytes: crossings.map { place, crossing in
        median(.conversion(place)) { crossing.becomesBytes($0.isBytes) }
      },
      toNumbers: crossings.map { place, crossing in
        median(.conversion(place)) { crossing.becomesNumbers($0.isBytes) }
      })
  }

  /// The milliseconds of a network by what they were spent on.
  private func parts(_ sample: Sample) -> [StepPurpose: Double] {
    let isBytes = sample.isBytes
    return (sample.latency.operators ?? [:]).reduce(into: [:]) { parts, step in
      parts[purposes.purpose(of: step.key, isChosen: isBytes), default: 0] += step.value
    }
  }
}

extension FormatCrossing {
  /// Whether there are formats of the layers for which the value is converted in a direction.
  fileprivate func canBeConverted(toBytes: Bool) -> Bool {
    toBytes ? !readers.isEmpty : producer != nil && (isReadInNumbers || !readers.isEmpty)
  }
}
