import Tensors

/// A generated data set: ten kinds of small signs in colour, 3×32×32, so that everything can be tried without
/// a download.
///
/// A sign has any place, size, slant, proportion, colour and pattern; the ground is mottled, strokes and
/// blobs lie behind and before the sign, and noise lies over all. Since neither colour nor place tells the
/// class, a linear model learns little (11 % of the test images), while a convolutional network of 100,000
/// parameters passes 90 % after seven epochs.
///
/// An image depends on the seed, the part and its index alone. Only operations that IEEE 754 rounds exactly
/// are used (no sines), so every machine generates the same bytes.
public enum Glyphs {
  /// The name in the catalogue.
  public static let name = "glyphs"
  /// The classes' names.
  public static let classes = GlyphShape.allCases.map(\.rawValue)
  /// Rows and columns of every image.
  public static let side = 32

  /// The parts that the catalogue serves: 10,000 images to train with and 2,000 to test on.
  public static func standard(_ split: DatasetSplit) -> ImageDataset {
    generate(count: split == .train ? 10_000 : 2_000, split: split)
  }

  /// Generates images on all cores, with the classes in turn.
  ///
  /// The first images of a larger set are those of a smaller one. The parts never share an image.
  public static func generate(count: Int, split: DatasetSplit, seed: UInt64 = 0) -> ImageDataset {
    var root = RandomSource(seed: seed, purpose: "glyphs \(split.rawValue)")
    let base = root.next()
    let size = 3 * side * side
    let pixels = [UInt8](unsafeUninitializedCapacity: count * size) { buffer, initialized in
      let pieces = DisjointPieces(buffer, size: size)
      let failure = firstFailure(count: count) { index in
        // An odd factor: no two indices share a generator.
        var random = RandomSource(seed: base &+ UInt64(index) &* 0x9e37_79b9_7f4a_7c15)
        paint(label(of: index), into: pieces.piece(index), using: &random)
      }
      precondition(failure == nil, "painting does not throw")
      initialized = count * size
    }
    return ImageDataset(
      name: name, channels: 3, height: side, width: side, classes: classes, pixels: pixels,
      labels: (0..<count).map(label))
  }

  private static func label(of index: Int) -> Int { index % classes.count }

  private static func paint(
    _ label: Int, into target: UnsafeMutableBufferPointer<UInt8>, using random: inout RandomSource
  ) {
    let canvas = GlyphCanvas(side: side)
    let ground = GlyphColor.random(using: &random)
    canvas.mottle(ground, using: &random)
    for _ in 0..<(1 + random.below(2)) { canvas.drawStroke(using: &random) }
    for _ in 0..<random.below(2) { canvas.drawBlob(using: &random) }
    let placement = GlyphPlacement(side: Float(side), using: &random)
    canvas.draw(GlyphShape.allCases[label], at: placement, ink: GlyphInk(against: ground, using: &random))
    if random.uniformFloat() < 0.3 { canvas.drawStroke(using: &random) }
    canvas.write(to: target, noise: random.uniformFloat(in: 3...14), using: &random)
  }
}

extension RandomSource {
  /// A number in `0 ..< 1` with 24 random bits.
  mutating func uniformFloat() -> Float { Float(next() >> 40) * 0x1p-24 }

  /// A number in a range.
  mutating func uniformFloat(in range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * uniformFloat()
  }

  /// A direction at most about 31° from the x axis, without sine and cosine.
  mutating func slightTurn() -> SIMD2<Float> {
    let turned = SIMD2<Float>(1, uniformFloat(in: -0.6...0.6))
    return turned / (1 + turned.y * turned.y).squareRoot()
  }

  /// A random direction, without sine and cosine: a point in the disc, scaled to the circle.
  mutating func direction() -> SIMD2<Float> {
    while true {
      let point = SIMD2(uniformFloat(in: -1...1), uniformFloat(in: -1...1))
      let square = point.x * point.x + point.y * point.y
      if square > 0.01, square <= 1 { return point / square.squareRoot() }
    }
  }
}
