import Foundation
import Networks
import Tensors

/// Where an operator stands among others of its group: close positions mean that much the same happens.
///
/// Sizes are logarithms to the base 2, so that a unit is an octave; what is not a size is given as many octaves as it seems
/// to matter.
public struct OperatorPosition: Hashable, Sendable {
  /// The coordinates, whole multiples of ``unit``.
  let lanes: SIMD16<Float>

  /// The least difference of two positions; exact in files of 16-bit numbers.
  static let unit: Float = 1 / 64

  /// The position with the nearest coordinates.
  public init(_ coordinates: SIMD16<Float>) {
    let steps = (coordinates / Self.unit).rounded(.toNearestOrEven)
    lanes = steps.clamped(lowerBound: .init(repeating: -32768), upperBound: .init(repeating: 32767)) * Self.unit
  }

  /// A position that is a single size.
  init(size: Double) {
    var coordinates = SIMD16<Float>.zero
    coordinates[0] = octaves(size)
    self.init(coordinates)
  }
}

extension OperatorPosition {
  /// The position of a node of a fused network.
  ///
  /// - Parameter workingSet: bytes of all parameters and activations of the network. The same operator is slower amid more
  ///   of them, since others drive what it reads out of the caches.
  package init(of node: Network.Node, in network: Network, workingSet: Double) {
    let output = Image(node.shape.dimensions)
    let input = Image(node.inputs.first.map { network.nodes[$0].shape.dimensions } ?? [1])
    let window = Window(node.op)
    var lanes = SIMD16<Float>.zero
    lanes[0] = octaves(input.channels)
    lanes[1] = octaves(output.channels)
    lanes[2] = octaves(output.pixels)
    lanes[3] = octaves(output.width)
    lanes[4] = 0.7 * Float(window.kernel.height)
    lanes[5] = 1.5 * Float(window.stride)
    lanes[6] = window.isGrouped(input.channels) ? 0.7 * octaves(window.groups) : 0
    lanes[7] = node.op.fusedActivation.position
    lanes[8] = node.inputs.count > 1 ? 1.5 : 0
    // Vectors that are not filled cost as much as full ones.
    lanes[9] = 3 * fill(output.channels)
    lanes[10] = 1.5 * fill(input.channels)
    lanes[11] = node.op == .concat ? 0.7 * Float(node.inputs.count) : 0
    lanes[12] = 0.7 * Float(window.kernel.width - window.kernel.height)
    lanes[13] = Float(window.dilation - 1)
    // In half octaves, so that networks of about one size share what was seen of an operator.
    lanes[14] = 0.8 * (2 * octaves(workingSet)).rounded() / 2
    self.init(lanes)
  }

  /// The position of a result that passes between operators: what a change of layout depends on.
  init(passing shape: Shape, workingSet: Double) {
    let image = Image(shape.dimensions)
    var lanes = SIMD16<Float>.zero
    lanes[1] = octaves(image.channels)
    lanes[2] = octaves(image.pixels)
    lanes[9] = 3 * fill(image.channels)
    lanes[14] = 0.8 * octaves(workingSet).rounded()
    self.init(lanes)
  }

  /// A value as an image; rows of vectors are pixels.
  private struct Image {
    var channels: Int
    var pixels: Int
    var width: Int

    init(_ dimensions: [Int]) {
      if dimensions.count == 4 {
        (channels, pixels, width) = (dimensions[1], dimensions[2] * dimensions[3], dimensions[3])
      } else {
        let rows = dimensions.dropLast().reduce(1, *)
        (channels, pixels, width) = (dimensions.last ?? 1, rows, 1)
      }
    }
  }

  /// What an operator looks at at once.
  private struct Window {
    var kernel = Extent.one
    var stride = 1
    var dilation = 1
    var groups = 1

    init(_ op: Operator) {
      switch op {
      case .convolution(let c):
        (kernel, stride, dilation, groups) = (c.kernel, c.stride.height, c.dilation.height, c.groups)
      case .pool(let pool): (kernel, stride) = (pool.kernel, pool.stride.height)
      default: break
      }
    }

    func isGrouped(_ channels: Int) -> Bool { groups > 1 && groups != channels }
  }
}

/// The used part of the vectors that a number of channels needs.
private func fill(_ channels: Int) -> Float {
  Float(channels) / Float((channels + vectorWidth - 1) / vectorWidth * vectorWidth)
}

private func octaves(_ size: some BinaryInteger) -> Float { octaves(Double(size)) }

private func octaves(_ size: Double) -> Float { Float(log2(max(1, size))) }

extension Operator {
  /// The activation that follows the operator's sum, or that it is.
  fileprivate var fusedActivation: Activation {
    switch self {
    case .convolution(let c): c.activation
    case .linear(let linear): linear.activation
    case .activation(let activation): activation
    default: .identity
    }
  }
}

extension Activation {
  /// Exponentials cost the most, and anything more than nothing.
  fileprivate var position: Float {
    switch self {
    case .identity: 0
    case .relu, .relu6: 0.5
    case .hswish, .hsigmoid: 1.2
    case .swish, .sigmoid, .gelu, .geluTanh, .tanh: 2.1
    }
  }
}
