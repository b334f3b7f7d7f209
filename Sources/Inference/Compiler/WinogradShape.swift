import Compute
import Networks

/// How a convolution is cut into Winograd tiles, and blocks of them.
struct WinogradShape {
  /// Output pixels along each side of a tile, 2 or 4.
  let tile: Int
  /// Channels of the image and of the result.
  let inputs: Int
  let outputs: Int
  let tilesPerImage: Int
  /// The tiles of all images.
  let tiles: Int
  let blocks: Int

  init(tile: Int, inputs: Int, output: ValueLayout, cacheBytes: Int) {
    self.tile = tile
    self.inputs = inputs
    outputs = output.channels
    tilesPerImage = (output.height + tile - 1) / tile * ((output.width + tile - 1) / tile)
    tiles = output.images * tilesPerImage
    // Half of the cache for the transformed tiles and their products, half for filters and pixels on their way. Filters
    // that no cache keeps are read once per block, and 64 tiles are worth that.
    let bytesPerTile = 4 * (tile + 2) * (tile + 2) * (inputs + outputs)
    let wanted = (tiles - 1) / max(64, cacheBytes / 2 / bytesPerTile) + 1
    // An even number deals evenly to two threads.
    blocks = wanted == 1 ? 1 : min(tiles, (wanted + 1) / 2 * 2)
  }

  /// The numbers of a transformed tile, and of a transformed filter.
  var elements: Int { (tile + 2) * (tile + 2) }

  /// The most tiles of a block.
  private var tilesPerBlock: Int { (tiles + blocks - 1) / blocks }

  /// From one element's matrix to the next's. An odd number of cache lines keeps the matrices, whose rows are written at
  /// one time, in different sets of the first-level cache.
  var inputStride: Int { Self.stride(tilesPerBlock * inputs) }
  var outputStride: Int { Self.stride(tilesPerBlock * outputs) }

  private static func stride(_ count: Int) -> Int {
    ((count + MemoryPlanner.line - 1) / MemoryPlanner.line | 1) * MemoryPlanner.line
  }

  /// Elements of memory that one block needs.
  var blockElements: Int { elements * (inputStride + outputStride) }

  /// How many portions the tiles of a block are transformed in where threads share a block.
  var portions: Int { min(8, tilesPerBlock) }
}
