// The bound that counts.

extension MultipleChoiceRelaxation {
  /// The Lagrangian bound of the present duals, whatever they are; sets ``reducedCost``.
  ///
  /// No point that keeps the rows and takes choices that are left costs less, and none with a certain choice costs less
  /// than the bound plus that choice's reduced cost.
  func evaluate() -> Double {
    var sum = 0.0
    for row in 0..<rowCount {
      dual[row] = max(0, dual[row])
      sum -= dual[row] * limits[row]
    }
    switch rowCount {
    case 2: sum += evaluateGroups(2)
    case 3: sum += evaluateGroups(3)
    case 4: sum += evaluateGroups(4)
    default: sum += evaluateGroups(rowCount)
    }
    return sum
  }

  @inline(__always) private func evaluateGroups(_ rows: Int) -> Double {
    var sum = 0.0
    for group in 0..<groupCount {
      let places = places(of: group)
      var least = Lanes(repeating: .infinity)
      for place in stride(from: places.lowerBound, to: places.upperBound, by: Lanes.scalarCount) {
        var value = lanes(price, place)
        for row in 0..<rows { value += dual[row] * lanes(weights, row * size + place) }
        store(value, place)
        least.replace(with: value, where: value .< least)
      }
      let smallest = least.min()
      sum += smallest
      for place in stride(from: places.lowerBound, to: places.upperBound, by: Lanes.scalarCount) {
        store(lanes(reducedCost, place) - smallest, place)
      }
    }
    return sum
  }

  @inline(__always) private func store(_ value: Lanes, _ place: Int) {
    UnsafeMutableRawPointer(reducedCost + place).storeBytes(of: value, as: Lanes.self)
  }

  /// Numbers of neighbouring places.
  @inline(__always) func lanes(_ numbers: UnsafeMutablePointer<Double>, _ place: Int) -> Lanes {
    UnsafeRawPointer(numbers + place).loadUnaligned(as: Lanes.self)
  }
}
