import Foundation
import Tensors

/// Learns parameters, and a rate for each, from which a few steps of gradient descent on a few measurements of a new
/// device lead far: Meta-SGD (Li et al., "Meta-SGD: Learning to Learn Quickly for Few-Shot Learning", 2017) in its
/// first-order form, which takes the gradients of the steps as constants.
package struct MetaLearner: Sendable {
  /// How long, and on what, is learned.
  package struct Options: Sendable {
    /// Steps of the outer optimiser.
    package var episodes = 1000
    /// Its rate at the start, which falls to 0 along half a cosine.
    package var rate = 3e-3
    /// What the learned rates start from.
    package var innerRate: Float = 0.01
    /// Steps of adaptation.
    package var steps = 2
    /// Rows that an episode adapts to, and rows that it is judged on.
    package var (support, query) = (20, 50)
    /// Devices of an episode.
    package var devices = 8
    /// Of the network's layers before both inputs meet.
    package var width = 100

    package init() {}
  }

  /// A device that is known.
  package struct Device: Sendable {
    let embedding: [Float]
    /// Encodings and relative latencies of its known rows.
    let rows: [Int]
    let targets: [Float]
  }

  /// Residuals beyond it count with their size and not its square (Huber's loss).
  private static let threshold: Float = 0.2
  /// The rates are learned by so much smaller steps, since they are smaller.
  private static let ratesShare: Float = 0.1

  package let network: HELPNetwork
  package let options: Options
  package private(set) var parameters: [Float]
  package private(set) var rates: [Float]

  /// Starts from random parameters.
  package init(_ network: HELPNetwork, options: Options = Options(), using random: inout RandomSource) {
    (self.network, self.options) = (network, options)
    parameters = network.randomParameters(using: &random)
    rates = Array(repeating: options.innerRate, count: parameters.count)
  }

  /// The gradient of the mean loss by every prediction.
  package static func lossGradient(_ predictions: [Float], _ targets: [Float]) -> [Float] {
    zip(predictions, targets).map { min(max($0 - $1, -threshold), threshold) / Float(targets.count) }
  }

  /// The parameters for a device after its steps, and the sum of the steps' gradients.
  package func adapted(
    rows: [Float], targets: [Float], embedding: [Float]
  ) -> (parameters: [Float], gradients: [Float]) {
    var adapted = parameters
    var gradients = [Float](repeating: 0, count: parameters.count)
    for _ in 0..<options.steps {
      let trace = network.forward(adapted, rows: rows, embedding: embedding)
      let gradient = network.backward(adapted, trace, Self.lossGradient(trace.result, targets))
      for i in adapted.indices {
        adapted[i] -= rates[i] * gradient[i]
        gradients[i] += gradient[i]
      }
    }
    return (adapted, gradients)
  }

  /// The gradients by parameters and rates of a device's loss after adaptation.
  package func metaGradient(
    support: (rows: [Float], targets: [Float]), query: (rows: [Float], targets: [Float]), embedding: [Float]
  ) -> (parameters: [Float], rates: [Float]) {
    let (adapted, steps) = adapted(rows: support.rows, targets: support.targets, embedding: embedding)
    let trace = network.forward(adapted, rows: query.rows, embedding: embedding)
    let gradient = network.backward(adapted, trace, Self.lossGradient(trace.result, query.targets))
    return (gradient, zip(gradient, steps).map { -$0 * $1 })
  }

  /// Learns from devices.
  ///
  /// - Parameters:
  ///   - encoding: The numbers of a row.
  ///   - check: Called before every episode; may throw to stop.
  mutating func learn(
    from devices: [Device], encoding: (Int) -> ArraySlice<Float>, using random: inout RandomSource,
    check: () throws -> Void
  ) throws {
    var moments = (parameters: AdamMoments(parameters.count), rates: AdamMoments(rates.count))
    for episode in 1...options.episodes {
      try check()
      let chosen = random.shuffled(devices).prefix(options.devices)
      var sum = (
        parameters: [Float](repeating: 0, count: parameters.count), rates: [Float](repeating: 0, count: rates.count)
      )
      for device in chosen {
        let order = random.shuffled(Array(device.rows.indices))
        func batch(_ positions: ArraySlice<Int>) -> (rows: [Float], targets: [Float]) {
          (positions.flatMap { encoding(device.rows[$0]) }, positions.map { device.targets[$0] })
        }
        // A device with few rows is judged on some of those that it adapts to.
        let gradient = metaGradient(
          support: batch(order.prefix(options.support)), query: batch(order.suffix(options.query)),
          embedding: device.embedding)
        for i in parameters.indices {
          sum.parameters[i] += gradient.parameters[i] / Float(chosen.count)
          sum.rates[i] += gradient.rates[i] / Float(chosen.count)
        }
      }
      let rate = Float(options.rate * 0.5 * (1 + cos(.pi * Double(episode) / Double(options.episodes))))
      moments.parameters.step(&parameters, sum.parameters, rate: rate, number: episode)
      moments.rates.step(&rates, sum.rates, rate: rate * Self.ratesShare, number: episode)
    }
  }
}

/// Running means of Adam (Kingma and Ba, 2015).
private struct AdamMoments {
  private var first: [Float]
  private var second: [Float]

  init(_ count: Int) { (first, second) = (Array(repeating: 0, count: count), Array(repeating: 0, count: count)) }

  mutating func step(_ values: inout [Float], _ gradient: [Float], rate: Float, number: Int) {
    let (a, b): (Float, Float) = (0.9, 0.999)
    let (c, d) = (1 - Float(pow(0.9, Double(number))), 1 - Float(pow(0.999, Double(number))))
    for i in values.indices {
      first[i] = a * first[i] + (1 - a) * gradient[i]
      second[i] = b * second[i] + (1 - b) * gradient[i] * gradient[i]
      values[i] -= rate * (first[i] / c) / ((second[i] / d).squareRoot() + 1e-8)
    }
  }
}
