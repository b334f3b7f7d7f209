import CKernels
import Tensors

/// The weights of a convolution in groups of few channels, in the layout that `qn_f32_gconv_function` reads.
public struct PackedGroups: Sendable {
  /// The packed numbers.
  public let buffer: AlignedBuffer

  /// Packs `weight`, `[outputs, channels / groups, taps]`, and the bias (zeros where it is `nil`).
  ///
  /// - Parameters:
  ///   - taps: The number of positions of the window.
  ///   - lanes: The lanes of the kernel's vectors, as its table row says.
  public init(
    _ weight: [Float], bias: [Float]?, channels: Int, outputs: Int, groups: Int, taps: Int, lanes: Int
  ) {
    let vectors = (outputs + lanes - 1) / lanes
    let ranges = (0..<vectors).map {
      qn_f32_gconv_inputs_of(Int32($0), Int32(lanes), Int32(channels), Int32(groups), Int32(outputs))
    }
    buffer = AlignedBuffer(count: ranges.reduce(0) { $0 + (1 + taps * Int($1.end - $1.begin)) * lanes })
    var to = buffer.pointer
    for (vector, range) in ranges.enumerated() {
      let count = Int(range.end - range.begin)
      for output in vector * lanes..<min(outputs, (vector + 1) * lanes) {
        let lane = output - vector * lanes
        to[lane] = bias?[output] ?? 0
        // The group's own inputs; the others of the range keep their zeros.
        let (perGroup, group) = (channels / groups, output / (outputs / groups))
        let first = group * perGroup - Int(range.begin)
        for input in 0..<perGroup {
          for tap in 0..<taps {
            to[(1 + tap * count + first + input) * lanes + lane] = weight[(output * perGroup + input) * taps + tap]
          }
        }
      }
      to += (1 + taps * count) * lanes
    }
  }
}
