// The dual simplex method.

extension MultipleChoiceRelaxation {
  /// Parts and slacks may fall short of 0 by this.
  private static let tolerance = 1e-9
  /// The clock is looked at once in so many pivots, and at each where the basis is large.
  private static let pivotsBetweenLooks = 32
  private static let largeBasis = 24

  /// Brings parts, duals and bound up to the basis without pivoting.
  func refresh() { _ = recompute() }

  /// Pivots from the present basis until no part is negative and no removed choice takes part.
  ///
  /// - Parameters:
  ///   - changed: the only group from which choices were removed since the basis was best; -1 for none.
  ///   - cutoff: the solve ends once the bound is as large.
  func solve(changed: Int, cutoff: Double, pivotLimit: Int) -> Outcome {
    guard recompute() else { return .stuck }
    if changed >= 0, !isLeft(Int(key[changed])), !hasWorkingChoice(changed) {
      guard rekey(changed) else { return .infeasible }
      guard factorise() else { return .stuck }
    }
    let last = pivots + pivotLimit
    while true {
      if bound >= cutoff { return .cutOff }
      guard let leaving = leaving() else { return .optimal }
      guard pivots < last, !isTimeOver() else { return .stuck }
      if leaving.isKey {
        let place = working[leaving.row]
        let old = key[group(of: place)]
        setWorking(place, false)
        working[leaving.row] = old
        setWorking(old, true)
        setKey(group(of: place), place)
        guard factorise() else { return .stuck }
      }
      let sign = leaving.isTooLarge ? 1.0 : -1.0
      for row in 0..<rowCount { direction[row] = sign * inverse[leaving.row * rowCount + row] }
      guard let entering = entering() else { return provesInfeasible() ? .infeasible : .stuck }
      pivots += 1
      setWorking(working[leaving.row], false)
      working[leaving.row] = entering
      setWorking(entering, true)
      guard factorise() else { return .stuck }
      // A key without working choices takes all of its group and has to be left.
      if changed >= 0, !isLeft(Int(key[changed])), !hasWorkingChoice(changed) {
        guard rekey(changed) else { return .infeasible }
        guard factorise() else { return .stuck }
      }
    }
  }

  private func isTimeOver() -> Bool {
    guard rowCount >= Self.largeBasis || (pivots + 1) % Self.pivotsBetweenLooks == 0 else { return false }
    return mustStop()
  }

  private func hasWorkingChoice(_ group: Int) -> Bool {
    for row in 0..<rowCount where working[row] >= 0 && self.group(of: working[row]) == group { return true }
    return false
  }

  /// Gives a group the key of the least reduced cost among the choices left; false where none is.
  private func rekey(_ group: Int) -> Bool {
    var (best, least) = (-1, Double.infinity)
    for place in places(of: group) {
      var value = price[place]
      for row in 0..<rowCount { value += dual[row] * weight(row, place) }
      if value < least { (best, least) = (place, value) }
    }
    guard best >= 0 else { return false }
    setKey(group, Int32(best))
    return true
  }

  /// Which working column has to leave the basis, or the key that first changes places with it.
  private struct Leaving {
    var row: Int
    var isKey: Bool
    /// Whether a removed choice takes part, rather than one less than nothing.
    var isTooLarge: Bool
  }

  /// The worst part; `nil` where all are as they should be.
  private func leaving() -> Leaving? {
    var (leaving, worst): (Leaving?, Double) = (nil, Self.tolerance)
    func consider(_ part: Double, _ place: Int32, _ row: Int, isKey: Bool) {
      if -part > worst { (leaving, worst) = (Leaving(row: row, isKey: isKey, isTooLarge: false), -part) }
      guard part > worst, place >= 0, !isLeft(Int(place)) else { return }
      (leaving, worst) = (Leaving(row: row, isKey: isKey, isTooLarge: true), part)
    }
    for row in 0..<rowCount {
      consider(part[row], working[row], row, isKey: false)
      guard working[row] >= 0 else { continue }
      let group = group(of: working[row])
      consider(keyPart(group), key[group], row, isKey: true)
    }
    return leaving
  }

  /// The column whose reduced cost is the first to reach 0 when the duals move against `direction`.
  private func entering() -> Int32? {
    var entering = Entering()
    for row in 0..<rowCount where !isSlackWorking[row] && direction[row] > Self.smallestPivot {
      entering.consider(Int32(-1 - row), max(0, dual[row]) / direction[row], direction[row])
    }
    // The number of rows as a constant lets the compiler unroll the inner loops.
    switch rowCount {
    case 1: price(1, &entering)
    case 2: price(2, &entering)
    case 3: price(3, &entering)
    case 4: price(4, &entering)
    default: price(rowCount, &entering)
    }
    return entering.column
  }

  private struct Entering {
    var column: Int32?
    var ratio = Double.greatestFiniteMagnitude
    var pivot = 0.0

    mutating func consider(_ column: Int32, _ ratio: Double, _ pivot: Double) {
      // Of equals the largest pivot, which is the safest.
      guard ratio < self.ratio || (ratio == self.ratio && pivot > self.pivot) else { return }
      (self.column, self.ratio, self.pivot) = (column, ratio, pivot)
    }
  }

  @inline(__always) private func price(_ rows: Int, _ entering: inout Entering) {
    let tiny = Lanes(repeating: Self.smallestPivot)
    for group in 0..<groupCount {
      let key = Int(key[group])
      var (base, turn) = (cost[key], 0.0)
      for row in 0..<rows {
        base += dual[row] * weights[row * size + key]
        turn += direction[row] * weights[row * size + key]
      }
      for place in stride(from: layout.first[group], to: layout.first[group + 1], by: Lanes.scalarCount) {
        var reduced = lanes(price, place) - base
        var pivot = Lanes(repeating: -turn)
        for row in 0..<rows {
          let weight = lanes(weights, row * size + place)
          reduced += dual[row] * weight
          pivot += direction[row] * weight
        }
        let isBetter = (pivot .> tiny) .& (reduced .<= pivot * entering.ratio)
        guard any(isBetter) else { continue }
        for lane in 0..<Lanes.scalarCount where isBetter[lane] && !isWorking[place + lane] && place + lane != key {
          entering.consider(Int32(place + lane), max(0, reduced[lane]) / pivot[lane], pivot[lane])
        }
      }
    }
  }

  /// Whether the sum of the rows, each times what `direction` says, is broken by whatever is chosen.
  private func provesInfeasible() -> Bool {
    var (least, magnitude) = (0.0, 0.0)
    for row in 0..<rowCount {
      direction[row] = max(0, -direction[row])
      least -= direction[row] * limits[row]
      magnitude += abs(direction[row] * limits[row])
    }
    for group in 0..<groupCount {
      var smallest = Double.infinity
      for place in places(of: group) where isLeft(place) {
        var sum = 0.0
        for row in 0..<rowCount { sum += direction[row] * weight(row, place) }
        smallest = min(smallest, sum)
      }
      least += smallest
      magnitude += abs(smallest)
    }
    return least > 1e-12 * magnitude
  }
}
