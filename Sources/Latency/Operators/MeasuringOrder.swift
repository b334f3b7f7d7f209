import Networks

/// In which order networks are best measured, so that a predictor knows much after few of them.
public enum MeasuringOrder {
  /// The places of the networks, each next one being that which most reduces what is unlike all before it, over all networks'
  /// operators by their share of the work: the greedy solution of facility location (Nemhauser et al., "An analysis of
  /// approximations for maximizing submodular set functions", 1978). No latency is looked at.
  ///
  /// Likeness is that of the predictor's Gaussian processes, whose uncertainty it makes small.
  public static func byCoverage(_ networks: [NetworkFeatures]) -> [Int] {
    var groups = groups(of: networks)
    func gain(_ network: Int) -> Double { groups.reduce(0) { $0 + $1.gain(of: network) } }
    // Gains only shrink, so that a network whose gain is still the largest after a new look is the best (Minoux, 1978).
    var gains = networks.indices.map { (network: $0, gain: gain($0)) }
    var order: [Int] = []
    while !gains.isEmpty {
      let first = gains.indices.reduce(0) { gains[$1].gain > gains[$0].gain ? $1 : $0 }
      let network = gains[first].network
      gains[first].gain = gain(network)
      guard gains.allSatisfy({ $0.gain <= gains[first].gain }) else { continue }
      gains.remove(at: first)
      for group in groups.indices { groups[group].take(network) }
      order.append(network)
    }
    return order
  }

  /// An operator of some network, and the part of that network's work that it is.
  private struct Place {
    var owner: Int
    var share: Double
    var position: OperatorPosition
  }

  private static func groups(of networks: [NetworkFeatures]) -> [Coverage] {
    var places: [String: [Place]] = [:]
    for (owner, network) in networks.enumerated() {
      let work = network.operators.map(crudeMilliseconds)
      let all = work.reduce(0, +)
      for (features, work) in zip(network.operators, work) where !features.category.isGiven {
        places[features.category.group, default: []].append(
          Place(owner: owner, share: work / all, position: features.position))
      }
    }
    return places.sorted { $0.key < $1.key }.map { Coverage($0.value, networks: networks.count) }
  }

  /// What an operator might take on some processor: before anything was measured, shares need not be right.
  private static func crudeMilliseconds(_ features: OperatorFeatures) -> Double {
    let terms = features.terms
    return terms[.macs] / 5e7 + (terms[.read] + terms[.written] + terms[.weights]) / 1e7 + 0.002
  }

  /// How like the distinct places of a group are to what was taken.
  private struct Coverage {
    private var shares: [Double] = []
    /// By network, the likeness of its likest operator to every place.
    private var likeness: [[Double]]
    private var covered: [Double]

    init(_ places: [Place], networks: Int) {
      var index: [OperatorPosition: Int] = [:]
      var distinct: [OperatorPosition] = []
      for place in places {
        if index[place.position] == nil {
          index[place.position] = distinct.count
          distinct.append(place.position)
          shares.append(0)
        }
        shares[index[place.position] ?? 0] += place.share
      }
      covered = [Double](repeating: 0, count: distinct.count)
      likeness = [[Double]](repeating: [], count: networks)
      for (owner, own) in Dictionary(grouping: places, by: \.owner) {
        let positions = Set(own.map(\.position))
        likeness[owner] = distinct.map { place in
          positions.reduce(0) { max($0, OperatorFit.operatorKernel.likeness($1, place)) }
        }
      }
    }

    func gain(of network: Int) -> Double {
      var gain = 0.0
      for (place, value) in likeness[network].enumerated() { gain += max(0, value - covered[place]) * shares[place] }
      return gain
    }

    mutating func take(_ network: Int) {
      for (place, value) in likeness[network].enumerated() { covered[place] = max(covered[place], value) }
    }
  }
}
