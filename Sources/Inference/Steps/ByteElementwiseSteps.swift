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
    for block in partition.blocks(of: piece) {
      let range = part(block, of: partition.blocks, count)
      let first = range.lowerBound
      withUnsafePointer(to: addition) { function(range.count, left + first, right + first, $0, output + first) }
    }
  }
}

/// Bytes times a gate per image and channel, or times bytes of the same shape.
struct ByteGateStep {
  let function: qn_u8_gate_function
  let images: Int
  let pixels: Int
  let channels: Int
  let input: UnsafePointer<UInt8>
  let gate: UnsafePointer<UInt8>
  let multiplication: qn_u8_multiplication
  let output: UnsafeMutablePointer<UInt8>
  /// Blocks of pixels of an image; a single pixel is never cut.
  let pixelBlocks: Int
  let partition: Partition

  func run(_ piece: Int) {
    for block in partition.blocks(of: piece) {
      let (image, pixelBlock) = block.quotientAndRemainder(dividingBy: pixelBlocks)
      let range = part(pixelBlock, of: pixelBlocks, pixels)
      let first = (image * pixels + range.lowerBound) * channels
      withUnsafePointer(to: multiplication) {
        function(range.count, channels, input + first, gate + image * channels, $0, output + first)
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
    for block in partition.blocks(of: piece) {
      let range = part(block, of: partition.blocks, rows)
      let (from, to) = (input + range.lowerBound * inputStride, output + range.lowerBound * outputStride)
      if let table {
        function(range.count, columns, from, inputStride, table, to, outputStride)
      } else {
        qn_u8_copy_rows(range.count, columns, from, inputStride, to, outputStride)
      }
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
    for block in partition.blocks(of: piece) {
      let range = part(block, of: partition.blocks, pixels)
      let first = range.lowerBound * groups * perGroup
      qn_u8_shuffle(range.count, groups, perGroup, input + first, output + first)
    }
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
    for block in partition.blocks(of: piece) {
      let range = part(block, of: partition.blocks, count)
      function(range.count, input + range.lowerBound, scale, zero, output + range.lowerBound)
    }
  }
}

/// An image of the caller's, in planes, to bytes with neighbouring channels.
struct QuantisePlanesStep {
  let function: qn_u8_quantise_planes_function
  let pixels: Int
  let channels: Int
  let input: UnsafePointer<Float>
  let scale: Float
  let zero: UInt8
  let output: UnsafeMutablePointer<UInt8>
  let pixelBlocks: Int
  let partition: Partition

  func run(_ piece: Int) {
    for block in partition.blocks(of: piece) {
      let (image, pixelBlock) = block.quotientAndRemainder(dividingBy: pixelBlocks)
      let range = part(pixelBlock, of: pixelBlocks, pixels)
      let start = image * pixels * channels
      function(
        range.count, channels, input + start + range.lowerBound, pixels, scale, zero,
        output + start + range.lowerBound * channels)
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
    for block in partition.blocks(of: piece) {
      let range = part(block, of: partition.blocks, count)
      function(range.count, input + range.lowerBound, scale, zero, output + range.lowerBound)
    }
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
