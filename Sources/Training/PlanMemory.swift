/// A place in a plan's memory; the address is known once the plan is complete.
struct Region {
  fileprivate(set) var offset: Int
  let count: Int

  static let none = Region(offset: 0, count: 0)
}

/// Lays out a plan's memory. What lives only for a while shares addresses with what lives at other times.
///
/// Times are positions in the sequence of steps: forward 0 ..< n, then backward n ..< 2n.
final class PlanMemory {
  private struct Tenant {
    let count: Int
    let times: ClosedRange<Int>
    let place: (Region) -> Void
  }

  private var tenants: [Tenant] = []
  private var permanent = 0
  private var buffer = Arena(count: 0)
  private(set) var base: UnsafeMutablePointer<Float>

  init() { base = buffer.pointer }

  private static func rounded(_ count: Int) -> Int { (count + 15) & ~15 }

  /// Memory for the whole life of the plan.
  func reserve(_ count: Int) -> Region {
    defer { permanent += Self.rounded(count) }
    return Region(offset: permanent, count: count)
  }

  /// Memory for the given times; `place` hears where once all are known.
  func reserve(_ count: Int, during times: ClosedRange<Int>, _ place: @escaping (Region) -> Void) {
    tenants.append(Tenant(count: Self.rounded(count), times: times, place: place))
  }

  func pointer(_ region: Region) -> UnsafeMutablePointer<Float> { base + region.offset }

  /// Double-precision memory of half as many elements.
  func doubles(_ region: Region) -> UnsafeMutablePointer<Double> {
    UnsafeMutableRawPointer(base + region.offset).assumingMemoryBound(to: Double.self)
  }

  /// Places everything, the largest first, each at the lowest address that is free during its times.
  func settle(in workspace: TrainingWorkspace) {
    var placed: [(offset: Int, end: Int, times: ClosedRange<Int>)] = []
    var end = permanent
    for tenant in tenants.sorted(by: { $0.count > $1.count }) {
      var offset = permanent
      // `placed` is sorted by offset, so the first gap that fits is the lowest.
      for other in placed where other.times.overlaps(tenant.times) && other.end > offset {
        if other.offset >= offset + tenant.count { break }
        offset = other.end
      }
      let position = placed.firstIndex { $0.offset > offset } ?? placed.count
      placed.insert((offset, offset + tenant.count, tenant.times), at: position)
      tenant.place(Region(offset: offset, count: tenant.count))
      end = max(end, offset + tenant.count)
    }
    buffer = workspace.memory(end)
    base = buffer.pointer
    tenants = []
  }
}
