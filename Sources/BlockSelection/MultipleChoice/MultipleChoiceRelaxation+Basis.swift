// The working basis and what follows from it.

extension MultipleChoiceRelaxation {
  /// Smaller elements are no pivots.
  static let smallestPivot = 1e-11

  /// Sums up the keys, and inverts the working basis; false where it is singular.
  func recompute() -> Bool {
    keyCost = 0
    for group in 0..<groupCount { keyCost += cost[Int(key[group])] }
    for row in 0..<rowCount {
      let weights = weights + row * size
      var sum = 0.0
      for group in 0..<groupCount { sum += weights[Int(key[group])] }
      load[row] = sum
    }
    return factorise()
  }

  /// Inverts the working basis, which is small, and takes parts, duals and bound from it; false where it is singular.
  func factorise() -> Bool {
    let count = rowCount
    for column in 0..<count {
      let place = Int(working[column])
      let key = place >= 0 ? Int(key[group(of: working[column])]) : 0
      for row in 0..<count {
        matrix[row * count + column] =
          place >= 0 ? weight(row, place) - weight(row, key) : (row == -1 - place ? 1 : 0)
        inverse[row * count + column] = row == column ? 1 : 0
      }
    }
    guard invert() else { return false }
    bound = keyCost
    for row in 0..<count { (part[row], dual[row]) = (0, 0) }
    for column in 0..<count {
      let place = Int(working[column])
      let extra = place >= 0 ? cost[place] - cost[Int(key[group(of: working[column])])] : 0
      for row in 0..<count {
        part[column] += inverse[column * count + row] * (limits[row] - load[row])
        dual[row] -= extra * inverse[column * count + row]
      }
    }
    for row in 0..<count { bound += dual[row] * (load[row] - limits[row]) }
    return true
  }

  /// Gauss and Jordan's elimination with row exchanges.
  private func invert() -> Bool {
    let count = rowCount
    for column in 0..<count {
      var pivot = column
      for row in column..<count where abs(matrix[row * count + column]) > abs(matrix[pivot * count + column]) {
        pivot = row
      }
      guard abs(matrix[pivot * count + column]) > Self.smallestPivot else { return false }
      if pivot != column {
        for entry in 0..<count {
          (matrix[pivot * count + entry], matrix[column * count + entry]) =
            (matrix[column * count + entry], matrix[pivot * count + entry])
          (inverse[pivot * count + entry], inverse[column * count + entry]) =
            (inverse[column * count + entry], inverse[pivot * count + entry])
        }
      }
      let factor = 1 / matrix[column * count + column]
      for entry in 0..<count {
        matrix[column * count + entry] *= factor
        inverse[column * count + entry] *= factor
      }
      for row in 0..<count where row != column && matrix[row * count + column] != 0 {
        let factor = matrix[row * count + column]
        for entry in 0..<count {
          matrix[row * count + entry] -= factor * matrix[column * count + entry]
          inverse[row * count + entry] -= factor * inverse[column * count + entry]
        }
      }
    }
    return true
  }
}
