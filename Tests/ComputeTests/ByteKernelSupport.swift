import CKernels
import Foundation
import Tensors

/// All rows of a family's table; the first is the portable reference.
func rows<Kernel>(_ table: (UnsafeMutablePointer<UnsafePointer<Kernel>?>?) -> Int32) -> [Kernel] {
  var first: UnsafePointer<Kernel>?
  let count = Int(table(&first))
  return Array(UnsafeBufferPointer(start: first, count: count))
}

/// Values that end where the next page of memory must not be touched: reading or writing beyond them is a crash.
final class Fenced<Element: BitwiseCopyable> {
  let start: UnsafeMutablePointer<Element>
  let count: Int
  private let pages: UnsafeMutableRawPointer
  private let length: Int

  init(_ values: [Element]) {
    let page = Int(getpagesize())
    let size = values.count * MemoryLayout<Element>.stride
    (count, length) = (values.count, (size + page - 1) / page * page + page)
    pages = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    precondition(pages != MAP_FAILED && mprotect(pages + length - page, page, PROT_NONE) == 0)
    start = (pages + (length - page - size)).bindMemory(to: Element.self, capacity: values.count)
    start.initialize(from: values, count: values.count)
  }

  deinit { munmap(pages, length) }

  var values: [Element] { Array(UnsafeBufferPointer(start: start, count: count)) }
}

/// Values at and around the widths of all vectors.
let byteChannels = [1, 3, 15, 16, 17, 31, 32, 33, 40, 63, 64, 65, 130]

/// A zero point and bounds, and the distance of a byte from a number that it should be.
struct ByteGrid: Sendable {
  var zero = 128
  var low = 0
  var high = 255

  static let all = [
    ByteGrid(), ByteGrid(zero: 0), ByteGrid(zero: 255), ByteGrid(zero: 3, low: 3, high: 200),
    ByteGrid(zero: 100, low: 20, high: 100),
  ]

  /// Whether the byte is the number rounded, either neighbour of a number halfway between them included.
  func isNearest(_ byte: UInt8, to number: Double, tolerance: Double = 1e-4) -> Bool {
    let exact = min(max(number, Double(low - zero)), Double(high - zero)) + Double(zero)
    return abs(Double(byte) - exact) <= 0.5 + tolerance
  }
}

extension RandomSource {
  /// Bytes of which every fourth is 0 or 255.
  mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in below(4) == 0 ? UInt8(below(2) * 255) : UInt8(below(256)) }
  }
}

/// A window with the same padding on both sides, as many outputs as fit.
func byteWindow(
  channels: Int, height: Int, width: Int, kernel: (Int, Int) = (3, 3), stride: (Int, Int) = (1, 1),
  padding: (Int, Int) = (1, 1), dilation: (Int, Int) = (1, 1)
) -> qn_window {
  func extent(_ size: Int, _ k: Int, _ s: Int, _ p: Int, _ d: Int) -> Int32 {
    Int32((size + 2 * p - d * (k - 1) - 1) / s + 1)
  }
  return qn_window(
    height: Int32(height), width: Int32(width), channels: Int32(channels),
    out_height: extent(height, kernel.0, stride.0, padding.0, dilation.0),
    out_width: extent(width, kernel.1, stride.1, padding.1, dilation.1),
    kernel_height: Int32(kernel.0), kernel_width: Int32(kernel.1), stride_y: Int32(stride.0),
    stride_x: Int32(stride.1), pad_top: Int32(padding.0), pad_left: Int32(padding.1),
    dilation_y: Int32(dilation.0), dilation_x: Int32(dilation.1))
}

extension qn_window {
  var inputCount: Int { Int(height * width * channels) }
  var outputCount: Int { Int(out_height * out_width * channels) }

  /// The positions in the image of the taps of an output pixel, nil on the padding, in the order of the weights.
  func taps(_ oy: Int, _ ox: Int) -> [Int?] {
    (0..<Int(kernel_height * kernel_width)).map { tap in
      let iy = oy * Int(stride_y) - Int(pad_top) + tap / Int(kernel_width) * Int(dilation_y)
      let ix = ox * Int(stride_x) - Int(pad_left) + tap % Int(kernel_width) * Int(dilation_x)
      return (0..<Int(height)).contains(iy) && (0..<Int(width)).contains(ix) ? iy * Int(width) + ix : nil
    }
  }

  /// Blocks of rows and channels that cover the output, channels cut at a multiple of 64 where there are as many.
  var blocks: [(rows: Range<Int32>, channels: Range<Int32>)] {
    let (row, channel) = (out_height / 2, channels > 64 ? 64 : 0 as Int32)
    return [0..<row, row..<out_height].flatMap { rows in
      [0..<channel, channel..<channels].map { (rows, $0) }
    }
  }
}
