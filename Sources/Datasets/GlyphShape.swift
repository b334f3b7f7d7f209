/// The kinds of signs; a shape is about as large as the unit circle.
enum GlyphShape: String, CaseIterable, Sendable {
  case disc, ring, crescent, triangle, square, star, cross, arrow, hook, bars

  /// The distance to the edge: negative inside, positive outside, in units of the sign's size.
  func distance(_ point: SIMD2<Float>) -> Float {
    switch self {
    case .disc: length(point) - 0.85
    case .ring: abs(length(point) - 0.68) - 0.22
    case .crescent: max(length(point) - 0.95, 0.75 - length(point - SIMD2(0.42, 0)))
    case .triangle: Self.distance(point, toPolygon: Self.triangleCorners)
    case .square: box(point, halfWidth: 0.72, halfHeight: 0.72)
    case .star: Self.distance(point, toPolygon: Self.starCorners)
    case .cross:
      min(box(point, halfWidth: 0.95, halfHeight: 0.26), box(point, halfWidth: 0.26, halfHeight: 0.95))
    case .arrow: Self.distance(point, toPolygon: Self.arrowCorners)
    case .hook: Self.distance(point, toPolygon: Self.hookCorners)
    case .bars: box(SIMD2(point.x, abs(point.y) - 0.5), halfWidth: 0.9, halfHeight: 0.24)
    }
  }

  private func length(_ vector: SIMD2<Float>) -> Float {
    (vector.x * vector.x + vector.y * vector.y).squareRoot()
  }

  /// An upper bound of the distance inside, exact along the edges, which is all that painting needs.
  private func box(_ point: SIMD2<Float>, halfWidth: Float, halfHeight: Float) -> Float {
    max(abs(point.x) - halfWidth, abs(point.y) - halfHeight)
  }

  /// The distance to the nearest edge; the sign comes from how often a ray crosses the outline.
  private static func distance(_ point: SIMD2<Float>, toPolygon corners: [SIMD2<Float>]) -> Float {
    var nearest = Float.infinity
    var isInside = false
    var previous = corners[corners.count - 1]
    for corner in corners {
      let edge = previous - corner
      let offset = point - corner
      let along = (offset.x * edge.x + offset.y * edge.y) / (edge.x * edge.x + edge.y * edge.y)
      let gap = offset - edge * min(max(along, 0), 1)
      nearest = min(nearest, gap.x * gap.x + gap.y * gap.y)
      let crosses = (corner.y > point.y) != (previous.y > point.y)
      if crosses, offset.x * edge.y < edge.x * offset.y ? edge.y > 0 : edge.y < 0 { isInside.toggle() }
      previous = corner
    }
    return isInside ? -nearest.squareRoot() : nearest.squareRoot()
  }

  private static let triangleCorners: [SIMD2<Float>] = [[0, -1], [0.866_025_4, 0.5], [-0.866_025_4, 0.5]]

  /// Five points of radius 1 and five of 0.45 between them, from the cosines of 36° and 72°.
  private static let starCorners: [SIMD2<Float>] = [
    [0, -1], [0.264_503_4, -0.364_057_6], [0.951_056_5, -0.309_017], [0.427_975_4, 0.139_057_6],
    [0.587_785_3, 0.809_017], [0, 0.45], [-0.587_785_3, 0.809_017], [-0.427_975_4, 0.139_057_6],
    [-0.951_056_5, -0.309_017], [-0.264_503_4, -0.364_057_6],
  ]

  private static let arrowCorners: [SIMD2<Float>] = [
    [1, 0], [0.15, 0.75], [0.15, 0.27], [-0.95, 0.27], [-0.95, -0.27], [0.15, -0.27], [0.15, -0.75],
  ]

  private static let hookCorners: [SIMD2<Float>] = [
    [-0.75, -0.8], [-0.25, -0.8], [-0.25, 0.3], [0.75, 0.3], [0.75, 0.8], [-0.75, 0.8],
  ]
}
