import CKernels

/// Copies a box of channels: a slice, or one operand of a concatenation.
struct CopyStep {
  let rows: Int
  let columns: Int
  let input: UnsafePointer<Float>
  let inputStride: Int
  let output: UnsafeMutablePointer<Float>
  let outputStride: Int
  let partition: Partition

  func run(_ piece: Int) {
    let range = partition.elements(of: piece, rows)
    qn_f32_copy_rows(
      range.count, columns, input + range.lowerBound * inputStride, inputStride,
      output + range.lowerBound * outputStride, outputStride)
  }
}

/// Shuffles the channels of every pixel.
struct ShuffleStep {
  let pixels: Int
  let groups: Int
  let perGroup: Int
  let input: UnsafePointer<Float>
  let output: UnsafeMutablePointer<Float>
  let partition: Partition

  func run(_ piece: Int) {
    let range = partition.elements(of: piece, pixels)
    let first = range.lowerBound * groups * perGroup
    qn_f32_shuffle(range.count, groups, perGroup, input + first, output + first)
  }
}
