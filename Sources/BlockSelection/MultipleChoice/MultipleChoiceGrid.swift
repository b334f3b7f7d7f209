import CKernels
import Foundation

/// The selections of a half that cost little, where they are found by what they weigh.
///
/// Cells part the rows that tell most selections apart, three at most.
struct MultipleChoiceGrid {
  /// Cells for each selection.
  private static let cellsPerSelection = 4.0
  /// No axis has more cells for what the room leaves unused.
  private static let finest = 4.0
  /// Rows that differ by less, where limits are 1, tell nothing apart: rounding would be too large a part of a cell.
  private static let leastSpread = 1e-6
  /// Kernels read so many selections at once.
  private static let block = 16

  /// How the cells part the rows.
  let axes: [qn_f64_meeting_axis]
  /// Where each cell begins.
  private(set) var start: [Int32]
  /// By slot, in the order of the cells: what the selection costs and, by row, weighs.
  private(set) var cost: [Double]
  private(set) var weight: [Double]
  /// Bounds of these from below, as kernels look at them first.
  private(set) var price: [Float]
  private(set) var load: [Float]
  /// Numbers of a row.
  let stride: Int
  private let selections: MultipleChoiceHalf.Selections
  /// The selection in each slot.
  private let origin: [Int32]

  /// The selections of `half` that cost less than `limit`, to be found beside others within `room`.
  ///
  /// - Parameter rows: the rows that it fills together with others.
  init(
    _ half: MultipleChoiceHalf, _ lanes: MultipleChoiceLanes, below limit: Double, room: Double,
    rows: MultipleChoiceMeeting.Rows
  ) {
    let selections = half.selections(below: limit, lanes)
    let (count, dual, rowCount) = (selections.last.count, rows.dual, rows.dual.count)
    let axes = Self.axes(selections, room, rows)
    let cells = (0..<count).map { selection in
      axes.reduce(Int32(0)) { cell, axis in
        let value = (selections.weight[selection * rowCount + axis.row] - axis.low) * axis.scale
        return cell * Int32(axis.cells) + Int32(min(axis.cells - 1, Int(value)))
      }
    }
    (start, origin) = Self.order(cells, count: axes.reduce(1) { $0 * $1.cells })
    (self.axes, self.selections, stride) = (axes, selections, count + Self.block)
    cost = [Double](repeating: 0, count: count)
    weight = [Double](repeating: 0, count: rowCount * stride)
    price = [Float](repeating: .infinity, count: stride)
    load = [Float](repeating: .infinity, count: rowCount * stride)
    for (slot, selection) in origin.enumerated() {
      cost[slot] = selections.reduced[Int(selection)]
      var (worth, size) = (cost[slot], abs(cost[slot]))
      for row in 0..<rowCount {
        let number = selections.weight[Int(selection) * rowCount + row]
        weight[row * stride + slot] = number
        load[row * stride + slot] = qn_f64_below(number, abs(number))
        (worth, size) = (worth - dual[row] * number, size + abs(dual[row] * number))
      }
      price[slot] = qn_f64_below(worth / room, size / room)
    }
  }

  /// The rows that tell most selections apart, parted as finely as is of use and as there are cells.
  private static func axes(
    _ selections: MultipleChoiceHalf.Selections, _ room: Double, _ rows: MultipleChoiceMeeting.Rows
  ) -> [qn_f64_meeting_axis] {
    var found: [(axis: qn_f64_meeting_axis, spread: Double, useful: Double)] = []
    // A row and its opposite tell the same apart.
    for row in rows.dual.indices where !found.contains(where: { rows.opposite[row] == $0.axis.row }) {
      var (low, high) = (Double.infinity, -Double.infinity)
      for at in Swift.stride(from: row, to: selections.weight.count, by: rows.dual.count) {
        (low, high) = (min(low, selections.weight[at]), max(high, selections.weight[at]))
      }
      let useful = finest * (high - low) / min(room / rows.dual[row], rows.mostUnused[row])
      guard high - low > leastSpread, useful > 1 else { continue }
      found.append((qn_f64_meeting_axis(row: row, low: low, scale: 0, cells: 1, reach: 0, most: 0), high - low, useful))
    }
    found = Array(found.sorted { $0.useful > $1.useful }.prefix(3))
    var cells = cellsPerSelection * Double(selections.last.count)
    // The one of least use takes what it can use; the others share what is left.
    for index in found.indices.reversed() {
      let share = pow(cells, 1 / Double(index + 1))
      let count = max(1, Int(min(found[index].useful, share)))
      found[index].axis.cells = count
      found[index].axis.scale = Double(count) / found[index].spread
      let (row, scale) = (found[index].axis.row, found[index].axis.scale)
      (found[index].axis.reach, found[index].axis.most) = (scale / rows.dual[row], scale * rows.mostUnused[row])
      cells /= Double(count)
    }
    let none = qn_f64_meeting_axis(row: 0, low: 0, scale: 0, cells: 1, reach: 0, most: 0)
    return found.map(\.axis) + [qn_f64_meeting_axis](repeating: none, count: 3 - found.count)
  }

  /// Where each of `count` cells begins, and the items in their order.
  private static func order(_ cells: [Int32], count: Int) -> (start: [Int32], order: [Int32]) {
    var start = [Int32](repeating: 0, count: count + 1)
    for cell in cells { start[Int(cell) + 1] += 1 }
    for index in 0..<count { start[index + 1] += start[index] }
    var (next, order) = (start, [Int32](repeating: 0, count: cells.count))
    for (item, cell) in cells.enumerated() {
      order[Int(next[Int(cell)])] = Int32(item)
      next[Int(cell)] += 1
    }
    return (start, order)
  }

  /// The departures of the selection in a slot.
  func departures(_ slot: Int) -> [Int32] { selections.departures(Int(origin[slot])) }
}
