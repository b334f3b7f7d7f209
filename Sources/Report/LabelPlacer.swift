/// Finds places for labels beside their points where they cover neither each other nor other marked things.
package struct LabelPlacer {
  package struct Box {
    package var x: Double
    package var y: Double
    package var width: Double
    package var height: Double

    package init(x: Double, y: Double, width: Double, height: Double) {
      self.x = x
      self.y = y
      self.width = width
      self.height = height
    }

    package func overlap(_ other: Box) -> Double {
      let across = min(x + width, other.x + other.width) - max(x, other.x)
      let down = min(y + height, other.y + other.height) - max(y, other.y)
      return across > 0 && down > 0 ? across * down : 0
    }
  }

  private let bounds: Box
  private var taken: [Box] = []

  package init(bounds: Box) { self.bounds = bounds }

  mutating func avoid(_ box: Box) { taken.append(box) }

  /// The box around (x, y) that covers least, among eight places near it; it is taken from then on.
  package mutating func place(width: Double, height: Double, near x: Double, _ y: Double, gap: Double) -> Box {
    let columns = [x + gap, x - gap - width, x - width / 2]
    let rows = [y - gap - height, y + gap, y - height / 2]
    var best = Box(x: columns[0], y: rows[0], width: width, height: height)
    var bestCost = Double.infinity
    for (order, place) in [(0, 0), (1, 0), (2, 0), (0, 1), (1, 1), (2, 1), (0, 2), (1, 2)].enumerated() {
      let box = Box(x: columns[place.0], y: rows[place.1], width: width, height: height)
      let outside = width * height - box.overlap(bounds)
      let cost = taken.reduce(10 * outside) { $0 + $1.overlap(box) } + Double(order) * 0.01
      if cost < bestCost { (best, bestCost) = (box, cost) }
    }
    taken.append(best)
    return best
  }
}
