/// The area that points dominate, up to a reference point (Zitzler and Thiele, PPSN 1998), in two objectives.
///
/// Points that are not better than the reference in both objectives add nothing. The time is O(n log n).
///
/// - Parameters:
///   - points: pairs of values.
///   - reference: the worst corner, such as accuracy 0 at the budget's latency.
public func hypervolume(
  of points: [(Double, Double)], reference: (Double, Double),
  directions: (Objective.Direction, Objective.Direction)
) -> Double {
  let corner = (directions.0.cost(reference.0), directions.1.cost(reference.1))
  let costs = points.map { (directions.0.cost($0.0), directions.1.cost($0.1)) }
    .filter { $0.0 < corner.0 && $0.1 < corner.1 }
    .sorted { $0 < $1 }
  var area = 0.0
  var height = corner.1
  // By rising first cost, each point adds the strip between its second cost and the lowest so far.
  for (x, y) in costs where y < height {
    area += (corner.0 - x) * (height - y)
    height = y
  }
  return area
}
