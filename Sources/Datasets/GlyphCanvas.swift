import Tensors

/// A colour as red, green and blue in 0…255.
typealias GlyphColor = SIMD3<Float>

extension GlyphColor {
  static func random(using random: inout RandomSource) -> GlyphColor {
    GlyphColor(random.uniformFloat(), random.uniformFloat(), random.uniformFloat()) * 255
  }

  func isFar(from other: GlyphColor, by distance: Float) -> Bool {
    let gap = self - other
    return (gap * gap).sum() >= distance * distance
  }
}

/// Where a sign stands, how large it is and how it is turned.
struct GlyphPlacement {
  var centre: SIMD2<Float>
  /// Pixels per unit along the sign's own axes.
  var scale: SIMD2<Float>
  /// The sign's own x axis.
  var axis: SIMD2<Float>

  init(side: Float, using random: inout RandomSource) {
    let radius = random.uniformFloat(in: 8.5...13)
    let proportion = random.uniformFloat(in: 0.85...1.18)
    scale = SIMD2(radius * proportion, radius / proportion)
    let reach = min(radius, side / 2 - 2)
    centre = SIMD2(
      random.uniformFloat(in: reach...(side - reach)), random.uniformFloat(in: reach...(side - reach)))
    axis = random.slightTurn()
  }
}

/// What a sign is filled with: one colour, or stripes of two.
struct GlyphInk {
  var first: GlyphColor
  var second: GlyphColor
  /// The stripes' direction, scaled so that a period has length 1; zero where there are none.
  var stripes: SIMD2<Float>

  /// Chooses colours that can be told from the ground.
  init(against ground: GlyphColor, using random: inout RandomSource) {
    first = Self.color(against: ground, using: &random)
    second = Self.color(against: ground, using: &random)
    let isStriped = random.uniformFloat() < 0.2
    let period = random.uniformFloat(in: 3...6)
    stripes = isStriped ? random.direction() / period : .zero
  }

  func color(at point: SIMD2<Float>) -> GlyphColor {
    let phase = point.x * stripes.x + point.y * stripes.y
    return phase - phase.rounded(.down) < 0.5 ? first : second
  }

  private static func color(against ground: GlyphColor, using random: inout RandomSource) -> GlyphColor {
    for _ in 0..<32 {
      let color = GlyphColor.random(using: &random)
      if color.isFar(from: ground, by: 140) { return color }
    }
    return GlyphColor(repeating: 255) - ground
  }
}

/// A picture in the making.
struct GlyphCanvas: ~Copyable {
  private let side: Int
  private let pixels: UnsafeMutablePointer<GlyphColor>

  init(side: Int) {
    self.side = side
    pixels = .allocate(capacity: side * side)
    pixels.initialize(repeating: .zero, count: side * side)
  }

  deinit { pixels.deallocate() }

  /// Fills with a colour that wanders smoothly: random offsets on a coarse grid, interpolated between.
  func mottle(_ color: GlyphColor, using random: inout RandomSource) {
    let cells = 4
    let strength = random.uniformFloat(in: 8...45)
    let knots = (0..<((cells + 1) * (cells + 1))).map { _ in
      color + (GlyphColor.random(using: &random) / 127.5 - 1) * strength
    }
    let step = Float(cells) / Float(side)
    for y in 0..<side {
      for x in 0..<side {
        let (across, down) = ((Float(x) + 0.5) * step, (Float(y) + 0.5) * step)
        let knot = Int(down) * (cells + 1) + Int(across)
        let (right, below) = (
          across.truncatingRemainder(dividingBy: 1), down.truncatingRemainder(dividingBy: 1)
        )
        let upper = knots[knot] * (1 - right) + knots[knot + 1] * right
        let lower = knots[knot + cells + 1] * (1 - right) + knots[knot + cells + 2] * right
        pixels[y * side + x] = upper * (1 - below) + lower * below
      }
    }
  }

  /// Draws a straight stroke of any place, length and width.
  func drawStroke(using random: inout RandomSource) {
    let color = GlyphColor.random(using: &random)
    let start = SIMD2(random.uniformFloat(), random.uniformFloat()) * Float(side)
    let span = random.direction() * random.uniformFloat(in: 6...22)
    let halfWidth = random.uniformFloat(in: 0.5...1.2)
    let square = span.x * span.x + span.y * span.y
    cover(color, around: start + span / 2, reach: square.squareRoot() / 2 + 2) { point in
      let offset = point - start
      let along = min(max((offset.x * span.x + offset.y * span.y) / square, 0), 1)
      let gap = offset - span * along
      return (gap.x * gap.x + gap.y * gap.y).squareRoot() - halfWidth
    }
  }

  /// Draws a small round blob.
  func drawBlob(using random: inout RandomSource) {
    let color = GlyphColor.random(using: &random)
    let centre = SIMD2(random.uniformFloat(), random.uniformFloat()) * Float(side)
    let radius = random.uniformFloat(in: 1.2...3)
    cover(color, around: centre, reach: radius + 1) { point in
      let gap = point - centre
      return (gap.x * gap.x + gap.y * gap.y).squareRoot() - radius
    }
  }

  /// Draws a sign.
  func draw(_ shape: GlyphShape, at place: GlyphPlacement, ink: GlyphInk) {
    let unit = min(place.scale.x, place.scale.y)
    forEachPixel(around: place.centre, reach: 1.1 * max(place.scale.x, place.scale.y) + 1) {
      position, point in
      let offset = point - place.centre
      let own = SIMD2(
        (offset.x * place.axis.x + offset.y * place.axis.y) / place.scale.x,
        (offset.y * place.axis.x - offset.x * place.axis.y) / place.scale.y)
      blend(ink.color(at: point), over: position, distance: shape.distance(own) * unit)
    }
  }

  /// Rounds to bytes, plane after plane, after adding noise of about that standard deviation.
  func write(to target: UnsafeMutableBufferPointer<UInt8>, noise: Float, using random: inout RandomSource) {
    let count = side * side
    for position in 0..<count {
      // The sum of two uniform 10-bit numbers is triangular noise; its deviation is 1/2.45 of its reach.
      let bits = random.next()
      for channel in 0..<3 {
        let sum =
          Float((bits >> (20 * UInt64(channel))) & 1023) + Float((bits >> (20 * UInt64(channel) + 10)) & 1023)
        let value = pixels[position][channel] + (sum / 1023 - 1) * noise * 2.45
        target.initializeElement(at: channel * count + position, to: UInt8(min(max(value.rounded(), 0), 255)))
      }
    }
  }

  @inline(__always)
  private func cover(
    _ color: GlyphColor, around centre: SIMD2<Float>, reach: Float, distance: (SIMD2<Float>) -> Float
  ) {
    forEachPixel(around: centre, reach: reach) { position, point in
      blend(color, over: position, distance: distance(point))
    }
  }

  /// A pixel whose centre is half a pixel inside is covered wholly, half a pixel outside not at all.
  @inline(__always)
  private func blend(_ color: GlyphColor, over position: Int, distance: Float) {
    let share = min(max(0.5 - distance, 0), 1)
    pixels[position] += (color - pixels[position]) * share
  }

  @inline(__always)
  private func forEachPixel(around centre: SIMD2<Float>, reach: Float, _ body: (Int, SIMD2<Float>) -> Void) {
    let last = Float(side - 1)
    let (left, right) = (max(centre.x - reach, 0), min(centre.x + reach, last))
    let (top, bottom) = (max(centre.y - reach, 0), min(centre.y + reach, last))
    guard left <= right, top <= bottom else { return }
    for y in Int(top)...Int(bottom) {
      for x in Int(left)...Int(right) { body(y * side + x, SIMD2(Float(x) + 0.5, Float(y) + 0.5)) }
    }
  }
}
