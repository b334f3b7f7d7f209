/// What must remain of the rows beside a selection of one half, so that further departures, of either half, can fill them well
/// enough.
///
/// Departures that cost little change weights little. So what costs nearly all of the room fills the rows nearly by itself
/// or is of no use.
struct MultipleChoiceReach: ~Copyable {
  typealias Rows = MultipleChoiceHalf.Rows

  /// More than the numbers of rows, whose limits are 1, can differ by rounding.
  private static let margin = 1e-9

  /// Where there is less room than this is for, it is told apart less finely.
  private static let largestScale = 1e290

  private let width: Int
  /// The room is told apart in so many parts.
  private let parts: Int
  /// Numbers per group.
  private let stride: Int
  /// Parts per unit of the room.
  private let scale: Double
  /// By the first group of `other` that may still depart, and by part of the room that is left: the least and the most that
  /// may remain.
  private let least: UnsafeMutablePointer<Rows>
  private let most: UnsafeMutablePointer<Rows>

  /// What may remain beside selections of `other`, where those of `kept` are looked up.
  ///
  /// - Parameter slack: by vector of rows: what a unit of the room leaves unused at most.
  init(_ kept: MultipleChoiceHalf, _ other: MultipleChoiceHalf, room: Double, parts: Int, slack: [Rows]) {
    (width, self.parts, stride) = (kept.width, parts, (parts + 1) * kept.width)
    scale = min(Double(parts) / room, Self.largestScale)
    let (end, count) = (other.groups.count * stride, (other.groups.count + 1) * stride)
    (least, most) = (.allocate(capacity: count), .allocate(capacity: count))
    for part in 0...parts {
      for vector in 0..<width {
        let unused = slack[vector] * (Double(part + 1) / scale)
        (least + end + part * width + vector).initialize(to: Rows(repeating: -Self.margin))
        (most + end + part * width + vector).initialize(to: unused + Rows(repeating: Self.margin))
      }
    }
    for group in kept.groups { add(group, of: kept, end) }
    for (index, group) in other.groups.enumerated().reversed() {
      let start = index * stride
      (least + start).initialize(from: least + start + stride, count: stride)
      (most + start).initialize(from: most + start + stride, count: stride)
      add(group, of: other, start)
    }
  }

  deinit {
    least.deallocate()
    most.deallocate()
  }

  /// Lets a group depart. What departures cost is rounded down, so that nothing is out of reach by it.
  private func add(_ group: Range<Int>, of half: MultipleChoiceHalf, _ start: Int) {
    for part in (0...parts).reversed() {
      for vector in 0..<width {
        let at = start + part * width + vector
        for departure in group {
          let shift = half.reduced[departure] * scale
          guard shift < Double(part + 1) else { break }
          let from = at - Int(shift) * width
          let weight = half.weight[departure * width + vector]
          least[at] = pointwiseMin(least[at], least[from] + weight)
          most[at] = pointwiseMax(most[at], most[from] + weight)
        }
      }
    }
  }

  /// Whether anything can follow where so much remains of the rows and of the room, and groups may depart from `group` on.
  @inline(__always)
  func contains(_ remaining: UnsafePointer<Rows>, room: Double, group: Int) -> Bool {
    let start = group * stride + Int(room * scale) * width
    for vector in 0..<width {
      if any(remaining[vector] .< least[start + vector]) || any(remaining[vector] .> most[start + vector]) {
        return false
      }
    }
    return true
  }
}
