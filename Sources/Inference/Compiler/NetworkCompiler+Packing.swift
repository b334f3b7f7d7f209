import Compute
import Networks
import Tensors

extension NetworkCompiler {
  /// A right operand and its bias in the kernel's layout.
  func pack(_ weight: [Float], _ bias: [Float]?, columns: Int, depth: Int) -> PackedMatrix {
    weight.withUnsafeBufferPointer { weight in
      // A shape with an extent of 0 never gets this far, so there is a first element.
      let start = weight.baseAddress ?? UnsafePointer(scratch)
      guard let bias else {
        return PackedMatrix(start, bias: nil, columns: columns, depth: depth, panel: kernels.panel)
      }
      return bias.withUnsafeBufferPointer {
        PackedMatrix(start, bias: $0.baseAddress, columns: columns, depth: depth, panel: kernels.panel)
      }
    }
  }

  /// A right operand in BF16, with its bias.
  mutating func rounded(_ weight: [Float], _ bias: [Float]?, columns: Int, depth: Int) -> ProductStep.Operand {
    let kernel = LinearKernel.kernel(.bf16, isa)
    let weights = LinearWeights(rounding: weight, columns: columns, depth: depth, format: .bf16)
    let packed = keep(PackedLinear(weights, bias: bias, kernel: kernel), panel: Int(kernel.panel))
    return .rounded(kernel.function, packed.start, column: packed.column, tail: kernels.transform)
  }

  /// Keeps a packed matrix; a column of it takes `column` bytes.
  mutating func keep(_ packed: PackedLinear, panel: Int) -> (start: UnsafeRawPointer, column: Int) {
    let memory = keepBytes(count: packed.byteCount)
    memory.copyMemory(from: packed.pointer, byteCount: packed.byteCount)
    return (UnsafeRawPointer(memory), packed.byteCount / packed.paddedColumns(panel: panel))
  }

  /// One packed matrix per group, one behind the other; rows of a matrix are taps × channels of the group.
  mutating func packGroups(
    _ weight: [Float], _ bias: [Float]?, _ convolution: Convolution, inputs: Int
  ) -> (start: UnsafePointer<Float>, stride: Int) {
    let (columns, depth) = (convolution.channels / convolution.groups, convolution.depth(inputs: inputs))
    let turned = convolution.tapMajor(weight, channelsPerGroup: inputs / convolution.groups)
    let groups = (0..<convolution.groups).map { group in
      pack(
        Array(turned[group * columns * depth..<(group + 1) * columns * depth]),
        bias.map { Array($0[group * columns..<(group + 1) * columns]) }, columns: columns, depth: depth)
    }
    return keepAll(groups.map(\.buffer))
  }

  /// Keeps buffers of one size, one behind the other.
  mutating func keepAll(_ buffers: [AlignedBuffer]) -> (start: UnsafePointer<Float>, stride: Int) {
    let stride = buffers[0].count
    let all = AlignedBuffer(count: stride * buffers.count)
    for (index, buffer) in buffers.enumerated() {
      (all.pointer + index * stride).update(from: buffer.pointer, count: stride)
    }
    return (keep(all), stride)
  }
}

extension PackedLinear {
  /// The columns of all panels; the last one may be of half the width.
  fileprivate func paddedColumns(panel: Int) -> Int {
    let rest = columns % panel
    return columns - rest + (rest == 0 ? 0 : rest <= panel / 2 ? panel / 2 : panel)
  }
}

extension Convolution {
  /// Weights `[out, channel, tap]` as `[out, tap, channel]`, the order of unrolled windows.
  func tapMajor<Number: Numeric>(_ weight: [Number], channelsPerGroup count: Int) -> [Number] {
    let taps = kernel.height * kernel.width
    guard taps > 1, count > 1 else { return weight }
    var turned = [Number](repeating: 0, count: weight.count)
    for out in 0..<channels {
      for tap in 0..<taps {
        for channel in 0..<count {
          turned[(out * taps + tap) * count + channel] = weight[(out * count + channel) * taps + tap]
        }
      }
    }
    return turned
  }
}
