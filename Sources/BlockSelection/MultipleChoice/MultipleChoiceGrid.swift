import Foundation

/// The selections of a half that cost little, where they are found by what they weigh.
///
/// Cells part the rows that tell most selections apart, three at most. Within a cell selections stand in the order of their
/// reduced costs.
struct MultipleChoiceGrid: ~Copyable {
  typealias Rows = MultipleChoiceHalf.Rows

  /// How the numbers of a row are parted.
  private struct Axis {
    var row = 0
    var low = 0.0
    var cells = 1
    /// Cells per unit; 0 where there is one cell.
    var scale = 0.0
    /// What a unit of the room leaves unused at most.
    var slack = 0.0

    func cell(_ value: Double) -> Int { min(cells - 1, Int((value - low) * scale)) }
  }

  /// Cells for each selection.
  private static let cellsPerSelection = 2.0
  /// No axis has more cells for what the room leaves unused.
  private static let finest = 4.0
  /// Rounding may move a number by less than this fraction of a cell; where cells are finer still, by less than what limits
  /// were made larger by.
  private static let margin = 1e-3
  /// Rows that differ by less, where limits are 1, tell nothing apart: rounding would be too large a part of a cell.
  private static let leastSpread = 1e-6
  /// How finely reduced costs are put in order.
  private static let steps = 1024

  private let width: Int
  private let axes: (Axis, Axis, Axis)
  /// What reduced costs in the same step differ by at most.
  private let step: Double
  /// Where each cell begins.
  private let start: UnsafeMutablePointer<Int32>
  /// In the order of the cells: sums over the departures, and where the selection came in the walk.
  private let reduced: UnsafeMutablePointer<Double>
  private let weight: UnsafeMutablePointer<Rows>
  private let origin: UnsafeMutablePointer<Int32>
  /// In the order of the walk: the last departure, and the selection that lacks it.
  private let last: [Int32]
  private let parent: [Int32]

  /// The selections of `half` that cost less than `limit`, to be found beside others within `room`.
  ///
  /// - Parameter slack: by row, what a unit of the room leaves unused at most.
  init(_ half: MultipleChoiceHalf, below limit: Double, room: Double, slack: [Double]) {
    let walked = Walked(half, below: limit)
    (width, last, parent) = (half.width, walked.last, walked.parent)
    let (axes, count) = (Self.axes(walked, width, room, slack), walked.last.count)
    (self.axes, step) = (axes, limit / Double(Self.steps))
    let (_, cellsOne, cellsTwo) = (axes.0.cells, axes.1.cells, axes.2.cells)
    let cells = walked.weight.withUnsafeBytes { bytes in
      let rows = bytes.bindMemory(to: Double.self)
      return (0..<count).map { selection in
        func cell(_ axis: Axis) -> Int { axis.cell(rows[selection * half.width * Rows.scalarCount + axis.row]) }
        return Int32((cell(axes.0) * cellsOne + cell(axes.1)) * cellsTwo + cell(axes.2))
      }
    }
    start = .allocate(capacity: axes.0.cells * cellsOne * cellsTwo + 1)
    (reduced, weight) = (.allocate(capacity: count), .allocate(capacity: count * half.width))
    origin = .allocate(capacity: count)
    let byCost = Self.order((0..<Int32(count)).map { $0 }, keys: Self.steps) {
      Int32(Double.minimum(Double(Self.steps - 1), walked.reduced[Int($0)] / limit * Double(Self.steps)))
    }
    let order = Self.order(byCost.order, keys: axes.0.cells * cellsOne * cellsTwo) { cells[Int($0)] }
    start.initialize(from: order.start, count: order.start.count)
    for (slot, selection) in order.order.enumerated() {
      let index = Int(selection)
      (reduced + slot).initialize(to: walked.reduced[index])
      (origin + slot).initialize(to: selection)
      for part in 0..<half.width {
        (weight + slot * half.width + part).initialize(to: walked.weight[index * half.width + part])
      }
    }
  }

  deinit {
    start.deallocate()
    reduced.deallocate()
    weight.deallocate()
    origin.deallocate()
  }

  /// The selections in the order of a walk.
  private struct Walked {
    var last: [Int32] = []
    var parent: [Int32] = []
    var reduced: [Double] = []
    var weight: [Rows] = []

    init(_ half: MultipleChoiceHalf, below limit: Double) {
      var path = [Int32](repeating: -1, count: half.groups.count + 1)
      half.walk(room: limit) { sum, weights, depth in
        path[depth] = Int32(last.count)
        last.append(depth > 0 ? half.departure(depth) : -1)
        parent.append(depth > 0 ? path[depth - 1] : -1)
        reduced.append(sum)
        for part in 0..<half.width { weight.append(weights[part]) }
        return (limit, true)
      }
    }
  }

  /// The rows that tell most selections apart, parted as finely as is of use and as there are cells.
  private static func axes(_ walked: Walked, _ width: Int, _ room: Double, _ slack: [Double]) -> (Axis, Axis, Axis) {
    var found: [(axis: Axis, useful: Double)] = []
    for row in slack.indices {
      var (low, high) = (Double.infinity, -Double.infinity)
      for selection in walked.last.indices {
        let value = walked.weight[selection * width + row / Rows.scalarCount][row % Rows.scalarCount]
        (low, high) = (min(low, value), max(high, value))
      }
      let useful = finest * (high - low) / (room * slack[row])
      guard high - low > leastSpread, useful > 1 else { continue }
      found.append((Axis(row: row, low: low, scale: 1 / (high - low), slack: slack[row]), useful))
    }
    found = Array(found.sorted { $0.useful > $1.useful }.prefix(3))
    var cells = cellsPerSelection * Double(walked.last.count)
    // The one of least use takes what it can use; the others share what is left.
    for index in found.indices.reversed() {
      let share = pow(cells, 1 / Double(index + 1))
      found[index].axis.cells = max(1, Int(min(found[index].useful, share)))
      found[index].axis.scale *= Double(found[index].axis.cells)
      cells /= Double(found[index].axis.cells)
    }
    let axes = found.map(\.axis) + [Axis](repeating: Axis(), count: 3 - found.count)
    return (axes[0], axes[1], axes[2])
  }

  /// Puts items in the order of their keys, leaving those of equal keys as they are; and where each key's items begin.
  private static func order(_ items: [Int32], keys: Int, key: (Int32) -> Int32) -> (order: [Int32], start: [Int32]) {
    var start = [Int32](repeating: 0, count: keys + 1)
    for item in items { start[Int(key(item)) + 1] += 1 }
    for index in 0..<keys { start[index + 1] += start[index] }
    var (next, order) = (start, items)
    for item in items {
      let key = Int(key(item))
      order[Int(next[key])] = item
      next[key] += 1
    }
    return (order, start)
  }

  /// The departures of the selection in a slot.
  func departures(_ slot: Int) -> [Int32] {
    var departures: [Int32] = []
    var selection = Int(origin[slot])
    while parent[selection] >= 0 {
      departures.append(last[selection])
      selection = Int(parent[selection])
    }
    return departures
  }

  /// Looks up the selections that keep the rows together with one of the other half, and cost less than the room.
  ///
  /// - Parameters:
  ///   - sum: what the other half's selection costs.
  ///   - remaining: what it leaves of the rows.
  ///   - found: is told of each slot; answers with the room from there on.
  /// - Returns: how many selections were looked at, and the room from there on.
  @inline(__always)
  func match(
    _ sum: Double, _ remaining: UnsafePointer<Rows>, dual: UnsafePointer<Rows>, room: Double, found: (Int) -> Double
  ) -> (work: Int, room: Double) {
    var (work, room) = (0, room)
    let rows = UnsafeRawPointer(remaining).assumingMemoryBound(to: Double.self)
    guard let one = cells(axes.0, rows, room - sum), let two = cells(axes.1, rows, room - sum),
      let three = cells(axes.2, rows, room - sum)
    else { return (0, room) }
    for first in one.low...one.high {
      for second in two.low...two.high {
        for third in three.low...three.high {
          let cell = (first * axes.1.cells + second) * axes.2.cells + third
          var slot = Int(start[cell])
          let end = Int(start[cell + 1])
          while slot < end, sum + reduced[slot] < room + step {
            if fits(slot, sum, remaining, dual, room) { room = found(slot) }
            slot += 1
            work += 1
          }
        }
      }
    }
    return (work, room)
  }

  /// The cells of an axis whose selections can fill its row well enough; `nil` where none can.
  @inline(__always) private func cells(
    _ axis: Axis, _ rows: UnsafePointer<Double>, _ room: Double
  ) -> (low: Int, high: Int)? {
    let (last, high) = (Double(axis.cells), (rows[axis.row] - axis.low) * axis.scale + Self.margin)
    let low = high - room * axis.slack * axis.scale - 2 * Self.margin
    guard high >= 0, low <= last else { return nil }
    return (min(axis.cells - 1, Int(max(0, low))), min(axis.cells - 1, Int(min(last, high))))
  }

  @inline(__always) private func fits(
    _ slot: Int, _ sum: Double, _ remaining: UnsafePointer<Rows>, _ dual: UnsafePointer<Rows>, _ room: Double
  ) -> Bool {
    var cost = sum + reduced[slot]
    for part in 0..<width {
      let unused = remaining[part] - weight[slot * width + part]
      if any(unused .< 0) { return false }
      cost += (dual[part] * unused).sum()
    }
    return cost < room
  }
}
