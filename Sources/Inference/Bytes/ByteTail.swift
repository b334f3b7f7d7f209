import Networks

/// What follows a layer of bytes before its result is stored: the operators that the kernels finish in registers.
///
/// The sums are rounded to `grid` and clamped; then a table of 256 bytes replaces every byte; then a residual is added and
/// the sum rounded to the node's own grid.
struct ByteTail: Equatable {
  /// The grid of the layer's own result; `nil` for a result in FP32.
  var grid: ByteGrid?
  /// The bytes that relu or relu6 leave of the grid.
  var bounds: ClosedRange<UInt8> = 0...255
  /// A non-linearity and the rounding after it.
  var table: [UInt8]?
  /// The grid that the table's bytes are on.
  var tableGrid: ByteGrid?
  /// Whether the node's second input is added, and what is left of the sum's grid.
  var addsResidual = false
  var sumBounds: ClosedRange<UInt8> = 0...255

  /// The grid of what a residual is added to.
  var lastGrid: ByteGrid? { table == nil ? grid : tableGrid }
}

/// A network in which every operator either works on bytes or on FP32, and identities in between convert: one with a grid
/// rounds to it, one without makes numbers of bytes.
struct BytePlan {
  var network: Network
  /// What follows the convolutions, fully connected layers and sums that work on bytes.
  var tails: [Network.ValueID: ByteTail] = [:]
  /// The table of every identity from bytes to bytes.
  var tables: [Network.ValueID: [UInt8]] = [:]
}

extension ByteGrid {
  /// For every byte of this grid, the byte on `target` of a function of the number that it stands for.
  func table(to target: ByteGrid, _ function: (Float) -> Float) -> [UInt8] {
    (0...255).map { target.byte(function(number($0))) }
  }

  /// The bytes that a clamping activation leaves; `nil` for other activations.
  ///
  /// Rounding is monotone and 0 is on the grid, so that clamping before it is the same as clamping the bytes.
  func bounds(of activation: Activation) -> ClosedRange<UInt8>? {
    switch activation {
    case .identity: 0...255
    case .relu: zero...255
    case .relu6: zero...max(zero, byte(6))
    default: nil
    }
  }
}
