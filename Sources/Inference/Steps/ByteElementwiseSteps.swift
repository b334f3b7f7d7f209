import CKernels

/// The sum of two tensors of bytes.
struct ByteSumStep {
  let function: qn_u8_add_function
  let count: Int
  let left: UnsafePointer<UInt8>
  let right: UnsafePointer<UInt8>
  let addition: qn_u8_addition
  let output: UnsafeMutablePointer<UInt8>
  let partition: Partition

  func run(_ piece: Int) {
    let range = partition.elements(of: piece, count)
    let first = range.lowerBound
    withUnsafePointer(to: addition) { function(range.count, left + first, right + first, $0, output + first) }
  }
}

/// Bytes times a gate per image and channel, or times bytes of the same shape.
struct ByteGateStep {
  let function: qn_u8_gate_function
  let channels: Int
  let input: UnsafePointer<UInt8>
  let gate: UnsafePointer<UInt8>
  let multiplication: qn_u8_multiplication
  let output: UnsafeMutablePointer<UInt8>
  let blocks: PixelBlocks
  let partition: Partition

  func run(_ piece: Int) {
    for index in partition.blocks(of: piece) {
      let (image, pixels) = blocks.block(index)
      let first = (image * blocks.pixels + pixels.lowerBound) * channels
      withUnsafePointer(to: multiplication) {
        function(pixels.count, channels, input + first, gate + image * channels, $0, output + first)
      }
    }
  }
}

/// A table for every byte of rows: a non-linearity, another grid, or both; or one operand of a concatenation.
struct ByteTableStep {
  let function: qn_u8_table_function
  let rows: Int
  let columns: Int
  let input: UnsafePointer<UInt8>
  let inputStride: Int
  /// 256 bytes, or `nil` for a copy.
  let table: UnsafePointer<UInt8>?
  let output: UnsafeMutablePointer<UInt8>
  let outputStride: Int
  let partition: Partition

  func run(_ piece: Int) {
    let range = partition.elements(of: piece, rows)
    let (from, to) = (input + range.lowerBound * inputStride, output + range.lowerBound * outputStride)
    if let table {
      function(range.count, columns, from, inputStride, table, to, outputStride)
    } else {
      qn_u8_copy_rows(range.count, columns, from, inputStride, to, outputStride)
    }
  }
}

/// Shuffles the channels of every pixel.
struct ByteShuffleStep {
  let pixels: Int
  let groups: Int
  let perGroup: Int
  let input: UnsafePointer<UInt8>
  let output: UnsafeMutablePointer<UInt8>
  let partition: Partition

  func run(_ piece: Int) {
    let range = partition.elements(of: piece, pixels)
    let first = range.lowerBound * groups * perGroup
    qn_u8_shuffle(range.count, groups, perGroup, input + first, output + first)
  }
}

/// Numbers to bytes, in the order in which they lie.
struct QuantiseStep {
  let function: qn_u8_quantise_function
  let count: Int
  let input: UnsafePointer<Float>
  let scale: Float
  let zero: UInt8
  let output: UnsafeMutablePointer<UInt8>
  let partition: Partition

  func run(_ piece: Int) {
    let range = partition.elements(of: piece, count)
    function(range.count, input + range.lowerBound, scale, zero, output + range.lowerBound)
  }
}

/// An image of the caller's, in planes, to bytes with neighbouring channels.
struct QuantisePlanesStep {
  let function: qn_u8_quantise_planes_function
  let channels: Int
  let input: UnsafePointer<Float>
  let scale: Float
  let zero: UInt8
  let output: UnsafeMutablePointer<UInt8>
  let blocks: PixelBlocks
  let partition: Partition

  func run(_ piece: Int) {
    for index in partition.blocks(of: piece) {
      let (image, pixels) = blocks.block(index)
      let start = image * blocks.pixels * channels
      function(
        pixels.count, channels, input + start + pixels.lowerBound, blocks.pixels, scale, zero,
        output + start + pixels.lowerBound * channels)
    }
  }
}

/// Bytes to the numbers that they stand for.
struct DequantiseStep {
  let function: qn_u8_dequantise_function
  let count: Int
  let input: UnsafePointer<UInt8>
  let scale: Float
  let zero: UInt8
  let output: UnsafeMutablePointer<Float>
  let partition: Partition

  func run(_ piece: Int) {
    let range = partition.elements(of: piece, count)
    function(range.count, input + range.lowerBound, scale, zero, output + range.lowerBound)
  }
}

/// Transposes the matrix of every image.
struct ByteTransposeStep {
  let images: Int
  let rows: Int
  let columns: Int
  let input: UnsafePointer<UInt8>
  let output: UnsafeMutablePointer<UInt8>
  let partition: Partition

  func run(_ piece: Int) {
    for image in partition.blocks(of: piece) {
      let offset = image * rows * columns
      qn_u8_transpose(rows, columns, input + offset, output + offset)
    }
  }
}
