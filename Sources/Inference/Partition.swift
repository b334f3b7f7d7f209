/// How a step's blocks are dealt out to threads: contiguous runs of blocks, each run one piece.
///
/// Blocks are cut by the caches and do not depend on the number of threads; only the dealing does. So results have the
/// same bits for any number of threads.
struct Partition {
  /// The number of blocks.
  let blocks: Int
  /// The number of runs; at least 1.
  let pieces: Int

  /// Deals `blocks` to `threads`, in so few pieces that none is shorter than handing it over.
  ///
  /// - Parameters:
  ///   - work: An estimate of the step's nanoseconds on one thread.
  init(blocks: Int, threads: Int, nanoseconds work: Int) {
    self.blocks = blocks
    // A few pieces per thread even out what a disturbed thread loses; one microsecond each repays the hand-over.
    pieces = threads == 1 ? 1 : max(1, min(blocks, 4 * threads, work / 1000))
  }

  /// The elements of one piece, for steps that do the same to every element wherever they are cut.
  func elements(of piece: Int, _ size: Int) -> Range<Int> {
    let blocks = blocks(of: piece)
    return blocks.lowerBound * size / self.blocks..<blocks.upperBound * size / self.blocks
  }

  /// The blocks of one piece.
  func blocks(of piece: Int) -> Range<Int> { piece * blocks / pieces..<(piece + 1) * blocks / pieces }
}

/// The `index`-th of `count` nearly equal parts of `0 ..< size`.
func part(_ index: Int, of count: Int, _ size: Int) -> Range<Int> {
  index * size / count..<(index + 1) * size / count
}
