/// What must remain of the rows beside a selection of one half, so that further departures, of either half, can fill them well
/// enough.
///
/// Departures that cost little change weights little. So what costs nearly all of the room fills the rows nearly by itself
/// or is of no use.
struct MultipleChoiceReach {
  typealias Lanes = MultipleChoiceLanes.Lanes

  /// More than the numbers of rows, whose limits are 1, can differ by rounding.
  private static let margin = 1e-9
  /// Where there is less room than this is for, it is told apart less finely.
  private static let largestScale = 1e290
  /// There are no more numbers in the tables.
  private static let mostNumbers = 1 << 22

  /// The room is told apart in so many parts.
  let parts: Int
  /// Parts per unit of the room.
  let scale: Double
  /// By the first departure of `other` that may still follow, and by part of the room that is left: the least and the most
  /// that may remain.
  private(set) var least: [Lanes]
  private(set) var most: [Lanes]
  private let width: Int

  /// What may remain beside selections of `other`, where those of `kept` are looked up.
  init(
    _ kept: MultipleChoiceHalf, _ other: MultipleChoiceHalf, _ lanes: MultipleChoiceLanes, room: Double, parts: Int
  ) {
    let count = other.departures.count
    width = lanes.width
    self.parts = max(1, min(parts, Self.mostNumbers / (width * Lanes.scalarCount * (count + 1))))
    scale = min(Double(self.parts) / room, Self.largestScale)
    let stride = (self.parts + 1) * width
    least = [Lanes](repeating: .zero, count: (count + 1) * stride)
    most = least
    let unused = lanes.unused(margin: Self.margin)
    for part in 0...self.parts {
      let room = Double(part + 1) / scale
      for (lane, bounds) in unused.enumerated() {
        let (vector, scalar) = (part * width + lane / Lanes.scalarCount, lane % Lanes.scalarCount)
        least[count * stride + vector][scalar] = bounds.least * room - bounds.margin
        most[count * stride + vector][scalar] = bounds.most * room + bounds.margin
      }
    }
    for group in kept.departuresByGroup() { add(group, of: kept, from: count * stride, to: count * stride) }
    for departure in other.departures.indices.reversed() {
      add([departure], of: other, from: (departure + 1) * stride, to: departure * stride)
    }
  }

  /// What may remain at `start` where one of some departures may be taken, and what may remain afterwards is at `after`. What
  /// departures cost is rounded down, so that nothing is out of reach by it.
  private mutating func add(_ departures: [Int], of half: MultipleChoiceHalf, from after: Int, to start: Int) {
    let shifts = departures.map { half.reduced[$0] * scale }
    least.withUnsafeMutableBufferPointer { least in
      most.withUnsafeMutableBufferPointer { most in
        for part in (0...parts).reversed() {
          for vector in 0..<width {
            let at = part * width + vector
            var (low, high) = (least[after + at], most[after + at])
            for (departure, shift) in zip(departures, shifts) where shift < Double(part + 1) {
              let (from, weight) = (after + at - Int(shift) * width, half.weight[departure * width + vector])
              low = pointwiseMin(low, least[from] + weight)
              high = pointwiseMax(high, most[from] + weight)
            }
            (least[start + at], most[start + at]) = (low, high)
          }
        }
      }
    }
  }
}
