import Foundation
import Latency
import Quoin
import Tensors

/// Whether it pays to choose which network to measure next: the error of predictors over the number of networks that they
/// were fitted on, in random order and in the order that soonest leaves nothing unlike what was measured.
enum ChoiceBench {
  private static let (seeds, poolSize, sizes) = (10, 100, [10, 20, 30, 40, 60, 80])

  /// Prints a row per number of networks: the mean error of both orders, and of their difference half the 95 % interval over
  /// ten seeds. Every seed divides the networks into a pool to choose from and others that are predicted.
  static func run(_ store: SampleStore, device: String) throws {
    let networks = try store.measuredNetworks(on: device)
    let size = min(poolSize, networks.count * 2 / 3)
    var errors: [[(random: Double, chosen: Double)]] = []
    for seed in 1...seeds {
      var random = RandomSource(seed: UInt64(seed), purpose: "pools of networks")
      let order = random.shuffled(networks)
      let (pool, held) = (Array(order.prefix(size)), Array(order.dropFirst(size)))
      let chosen = MeasuringOrder.byCoverage(pool.map(\.features)).map { pool[$0] }
      errors.append(
        try sizes.filter { $0 <= size }.map { count in
          (
            try error(Array(pool.prefix(count)), held), try error(Array(chosen.prefix(count)), held)
          )
        })
      FileHandle.standardError.write(Data("seed \(seed) of \(seeds)\n".utf8))
    }
    print("\(device): \(networks.count) networks, \(size) to choose from, mean relative error of the others")
    print("| Networks | random order | chosen | difference |\n| ---: | ---: | ---: | ---: |")
    for (position, count) in sizes.enumerated() where count <= size {
      let pairs = errors.map { $0[position] }
      let (mean, half) = interval(pairs.map { $0.chosen - $0.random })
      print(
        String(
          format: "| %d | %.1f %% | %.1f %% | %+.1f ± %.1f |", count, 100 * interval(pairs.map(\.random)).mean,
          100 * interval(pairs.map(\.chosen)).mean, 100 * mean, 100 * half))
    }
  }

  /// The mean relative error on other networks; one with an operator of an unknown kind counts as wholly wrong.
  private static func error(_ fitted: [MeasuredNetwork], _ held: [MeasuredNetwork]) throws -> Double {
    let model = try OperatorModel.fit(fitted)
    let errors = held.map { network in
      guard let latency = try? model.latency(of: network.features) else { return 1.0 }
      return min(1, abs(latency.milliseconds / network.milliseconds - 1))
    }
    return errors.reduce(0, +) / Double(errors.count)
  }

  /// The mean, and half its 95 % interval by Student's t for ten values.
  private static func interval(_ values: [Double]) -> (mean: Double, half: Double) {
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count - 1)
    return (mean, 2.262 * (variance / Double(values.count)).squareRoot())
  }
}
