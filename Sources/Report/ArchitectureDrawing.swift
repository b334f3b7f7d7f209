/// What a drawing of an architecture shows: stages of blocks, from the input to the classes.
public struct ArchitectureDrawing: Hashable, Sendable, Codable {
  /// One block.
  public struct Block: Hashable, Sendable, Codable {
    /// The kind as the space file names it, such as `mbconv`; it decides the colour.
    public var kind: String
    /// The side of the kernel, where the block has one.
    public var kernel: Int?
    /// The expansion or width ratio inside the block, where it has one.
    public var expand: Double?
    /// Output channels; they decide the width.
    public var channels: Int
    /// The stride.
    public var stride: Int
    /// Whether it has squeeze-excite.
    public var squeezeExcite: Bool
    /// Rows of the output.
    public var height: Int
    /// Columns of the output.
    public var width: Int

    /// Creates a block.
    public init(
      kind: String, kernel: Int? = nil, expand: Double? = nil, channels: Int, stride: Int = 1,
      squeezeExcite: Bool = false, height: Int, width: Int
    ) {
      self.kind = kind
      self.kernel = kernel
      self.expand = expand
      self.channels = channels
      self.stride = stride
      self.squeezeExcite = squeezeExcite
      self.height = height
      self.width = width
    }
  }

  /// Blocks that belong together.
  public struct Stage: Hashable, Sendable, Codable {
    /// The name in the space file.
    public var name: String
    /// The blocks in order; a stage may be empty.
    public var blocks: [Block]

    /// Creates a stage.
    public init(name: String, blocks: [Block]) {
      self.name = name
      self.blocks = blocks
    }
  }

  /// Input channels, rows and columns, such as `3×32×32`.
  public var input: String
  /// Stem, stages and head in order.
  public var stages: [Stage]
  /// The number of classes.
  public var classes: Int

  /// Creates a drawing.
  public init(input: String, stages: [Stage], classes: Int) {
    self.input = input
    self.stages = stages
    self.classes = classes
  }
}
