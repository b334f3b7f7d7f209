import Tensors

/// Hours in which networks were measured, a pause apart from each other.
///
/// What neighbours of a virtual machine or its heat do lasts longer than a measurement, so that networks of one hour err
/// together: a model that knows some of them predicts the others better than it would have from outside. A latency
/// is asked for in an hour of which nothing is known.
enum MeasuringHours {
  /// Seconds without a measurement that begin another hour.
  private static let pause = 1800.0
  /// An hour of fewer networks tells little.
  private static let fewestNetworks = 10

  /// The hours, as places of networks, that leave at least half of all networks when they are left out.
  static func comparable(_ networks: [MeasuredNetwork]) -> [[Int]] {
    let timed = networks.indices.compactMap { place in networks[place].time.map { (time: $0, place: place) } }
      .sorted { ($0.time, $0.place) < ($1.time, $1.place) }
    guard timed.count == networks.count else { return [] }
    var hours: [[Int]] = []
    var last = -Double.infinity
    for (time, place) in timed {
      if time - last > pause { hours.append([]) }
      hours[hours.count - 1].append(place)
      last = time
    }
    return hours.filter { $0.count >= fewestNetworks && networks.count - $0.count >= networks.count / 2 }
  }

  /// What is known where an hour is left out, and where as much is, but something of the hour stays.
  struct Split {
    var hour: [Int]
    /// All networks of other hours.
    var others: [Int]
    /// Halves of the hour, and for each as many random other networks as other hours have: fewer networks are worth less,
    /// whatever their hour.
    var halves: [(left: [Int], known: [Int])]
  }

  /// Splits places below `count`.
  static func split(_ hour: [Int], of count: Int, using random: inout RandomSource) -> Split {
    func places(outside left: [Int]) -> [Int] {
      let left = Set(left)
      return (0..<count).filter { !left.contains($0) }
    }
    let others = places(outside: hour)
    let order = random.shuffled(hour)
    let halves = [Array(order.prefix(hour.count / 2)), Array(order.dropFirst(hour.count / 2))].map { left in
      (left: left, known: random.shuffled(places(outside: left)).prefix(others.count).sorted())
    }
    return Split(hour: hour, others: others, halves: halves)
  }

  /// By how much errors in an hour of which nothing is known are larger than those of the same networks where as many
  /// networks are known, some of that hour among them; at least 1, and `nil` for no hour.
  static func factor(_ outside: [Unseen], beside inside: [Unseen]) -> Double? {
    guard !outside.isEmpty else { return nil }
    let known = Dictionary(inside.map { ($0.network.key, abs($0.error.log)) }, uniquingKeysWith: { first, _ in first })
    var (sum, sumInside) = (0.0, 0.0)
    for one in outside {
      guard let error = known[one.network.key] else { continue }
      sum += abs(one.error.log)
      sumInside += error
    }
    return sumInside > 0 ? max(1, sum / sumInside) : nil
  }
}
