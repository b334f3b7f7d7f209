import Devices
import Diagnostics
import Inference
import Networks
import Tensors

/// What the layers of a network take in FP32 and in bytes, and what converting the values between them takes, on a device.
///
/// All numbers are milliseconds with a batch of one.
public struct LayerTimes: Hashable, Sendable {
  /// What is spent whatever the formats are: operators that never work on bytes, copying results out.
  public var fixed: Double
  /// Every layer, with what belongs to it, in FP32.
  public var fp32: [Double]
  /// Every layer in bytes, without conversions.
  public var int8: [Double]
  /// The conversion of every crossing value from numbers to bytes.
  public var toBytes: [Double]
  /// The conversion of every crossing value from bytes to numbers.
  public var toNumbers: [Double]

  /// Times of all parts.
  package init(fixed: Double, fp32: [Double], int8: [Double], toBytes: [Double], toNumbers: [Double]) {
    (self.fixed, self.fp32, self.int8) = (fixed, fp32, int8)
    (self.toBytes, self.toNumbers) = (toBytes, toNumbers)
  }
}

/// Measures ``LayerTimes``: whole networks with some layers in bytes are timed by the measuring protocol, and the times of
/// their steps are parted by what the steps are for.
///
/// The first two networks have no layer and all layers in bytes; then follow random halves and their complements, until every
/// conversion was seen ``sightings`` times. Every number is the median over the networks that have it, of the
/// undisturbed ones where there are any.
package struct LayerTimer {
  /// How often every conversion is seen.
  static let sightings = 3
  /// The number of random halves after which conversions that are still missing are not looked for: there are none.
  static let mostHalves = 16

  /// A network with some layers in bytes, measured.
  package struct Sample {
    let isChosen: [Bool]
    let latency: LatencySummary

    /// The latency of the network in which the layers that `isChosen` says are in bytes.
    package init(isChosen: [Bool], latency: LatencySummary) { (self.isChosen, self.latency) = (isChosen, latency) }
  }

  let calibrated: CalibratedNetwork
  let purposes: StepPurposes

  /// The timer of a network.
  package init(_ calibrated: CalibratedNetwork) {
    self.calibrated = calibrated
    purposes = StepPurposes(calibrated)
  }

  /// The networks to measure, by what layers are in bytes.
  package func designs(seed: UInt64) -> [[Bool]] {
    let count = calibrated.layers.count
    var random = RandomSource(seed: seed, purpose: "mixed precision designs")
    var designs = [Array(repeating: false, count: count), Array(repeating: true, count: count)]
    while designs.count < 2 + 2 * Self.mostHalves, !isEnough(designs) {
      let half = Set(random.shuffled(Array(0..<count)).prefix(count / 2))
      let isChosen = (0..<count).map(half.contains)
      designs += [isChosen, isChosen.map { !$0 }]
    }
    return designs
  }

  private func isEnough(_ designs: [[Bool]]) -> Bool {
    guard designs.count >= 2 * Self.sightings else { return false }
    return purposes.crossings.allSatisfy { crossing in
      [true, false].allSatisfy { isToBytes in
        !crossing.canBeConverted(toBytes: isToBytes)
          || designs.count { crossing.isConverted(toBytes: isToBytes, $0) } >= Self.sightings
      }
    }
  }

  /// The medians over measured networks.
  ///
  /// - Precondition: every layer was measured in both formats.
  package func times(_ samples: [Sample]) -> LayerTimes {
    let parts = samples.map(parts)
    func median(_ purpose: StepPurpose, where isSeen: ([Bool]) -> Bool) -> Double {
      let seen = zip(samples, parts).filter { isSeen($0.0.isChosen) }
      let calm = seen.filter { !$0.0.latency.disturbed }
      let numbers = (calm.isEmpty ? seen : calm).map { $0.1[purpose] ?? 0 }
      return numbers.isEmpty ? 0 : LatencySummary(milliseconds: numbers).median
    }
    let layers = calibrated.layers.indices
    let crossings = purposes.crossings.enumerated()
    return LayerTimes(
      fixed: median(.other) { _ in true },
      fp32: layers.map { layer in median(.layer(layer)) { !$0[layer] } },
      int8: layers.map { layer in median(.layer(layer)) { $0[layer] } },
      toBytes: crossings.map { place, crossing in median(.conversion(place), where: crossing.becomesBytes) },
      toNumbers: crossings.map { place, crossing in median(.conversion(place), where: crossing.becomesNumbers) })
  }

  /// The milliseconds of a network by what they were spent on.
  private func parts(_ sample: Sample) -> [StepPurpose: Double] {
    (sample.latency.operators ?? [:]).reduce(into: [:]) { parts, step in
      parts[purposes.purpose(of: step.key, isChosen: sample.isChosen), default: 0] += step.value
    }
  }
}

extension FormatCrossing {
  /// Whether there are formats of the layers for which the value is converted in a direction.
  fileprivate func canBeConverted(toBytes: Bool) -> Bool {
    toBytes ? !readers.isEmpty : producer != nil && (isReadInNumbers || !readers.isEmpty)
  }
}
