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
      let chosen = ranked(pool)
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

extension ChoiceBench {
  /// An operator of some network, and the part of that network's work that it is.
  private struct Place {
    var owner: Int
    var share: Double
    var position: OperatorPosition
  }

  /// The networks in the order in which each one most reduces what is unlike all before it, over all networks' operators by
  /// their share of the work (the greedy solution of facility location; Nemhauser et al., 1978). No latency is looked at.
  static func ranked(_ networks: [MeasuredNetwork]) -> [MeasuredNetwork] {
    let places = networks.indices.flatMap { owner in
      let operators = networks[owner].features.operators
      let work = operators.map(crudeMilliseconds)
      let all = work.reduce(0, +)
      return zip(operators, work).map {
        ($0.category.group, Place(owner: owner, share: $1 / all, position: $0.position))
      }
    }
    // By group, what every network's operators are to every place.
    var groups = Dictionary(grouping: places, by: \.0).values.map { members in
      Coverage(members.map(\.1), networks: networks.count)
    }
    var left = Set(networks.indices)
    var order: [Int] = []
    while !left.isEmpty {
      let gains = left.sorted().map { network in (network, groups.reduce(0) { $0 + $1.gain(of: network) }) }
      let best = gains.reduce(gains[0]) { $1.1 > $0.1 ? $1 : $0 }.0
      for group in groups.indices { groups[group].take(best) }
      left.remove(best)
      order.append(best)
    }
    return order.map { networks[$0] }
  }

  /// How like the places of a group are to what was taken.
  private struct Coverage {
    private let shares: [Double]
    /// By network, the likeness of its likest operator to every place.
    private let likeness: [[Double]]
    private var covered: [Double]

    init(_ places: [Place], networks: Int) {
      shares = places.map(\.share)
      covered = [Double](repeating: 0, count: places.count)
      var likeness = [[Double]](repeating: [], count: networks)
      for (owner, own) in Dictionary(grouping: places, by: \.owner) {
        let positions = Set(own.map(\.position))
        likeness[owner] = places.map { place in
          positions.reduce(0) { max($0, OperatorFit.operatorKernel.likeness($1, place.position)) }
        }
      }
      self.likeness = likeness
    }

    func gain(of network: Int) -> Double {
      zip(zip(likeness[network], covered), shares).reduce(0) { $0 + max(0, $1.0.0 - $1.0.1) * $1.1 }
    }

    mutating func take(_ network: Int) {
      for (place, value) in likeness[network].enumerated() { covered[place] = max(covered[place], value) }
    }
  }

  /// What an operator might take on some processor: before anything was measured, shares need not be right.
  private static func crudeMilliseconds(_ features: OperatorFeatures) -> Double {
    let terms = features.terms
    return terms[.macs] / 5e7 + (terms[.read] + terms[.written] + terms[.weights]) / 1e7 + 0.002
  }
}
