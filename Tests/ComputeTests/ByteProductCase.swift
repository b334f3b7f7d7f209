import CKernels
import Compute
import Foundation
import Tensors

/// What follows the sums of a product of bytes.
enum ByteEnding: CaseIterable, Sendable {
  case plain, table, residual, tableAndResidual, residualInPlace, real

  var hasTable: Bool { self == .table || self == .tableAndResidual }
  var hasResidual: Bool { self == .residual || self == .tableAndResidual || self == .residualInPlace }
}

/// A product of random bytes, and its result by the definition in `quoin-u8-types.h`.
struct ByteProductCase {
  let m: Int
  let n: Int
  let k: Int
  let ending: ByteEnding
  var a: [UInt8]
  var weights: [Int8]
  let bias: [Int32]
  let scale: [Float]
  let residual: [UInt8]
  let table: [UInt8]
  let zeroPoint: UInt8
  var settings = qn_requantisation()
  /// Row strides are larger than the rows, as for a group of channels.
  let (aStride, cStride): (Int, Int)

  /// - Parameter extreme: The largest bytes everywhere and weights of ±127, so that 16-bit sums would saturate.
  init(m: Int, n: Int, k: Int, ending: ByteEnding, extreme: Bool, random: inout RandomSource) {
    (self.m, self.n, self.k, self.ending) = (m, n, k, ending)
    (aStride, cStride) = (k + random.below(5), n + random.below(7))
    func byte() -> UInt8 { UInt8(random.below(256)) }
    func zero() -> Int32 { random.pick([0, 128, 255, 77]) }
    a = (0..<m * aStride).map { _ in extreme ? 255 : byte() }
    let sign = random.pick([127, -127])
    weights = (0..<n * k).map { _ in Int8(extreme ? sign : random.below(255) - 127) }
    bias = (0..<n).map { _ in Int32(random.below(20_001) - 10_000) }
    // Most results lie between the bounds, unless the scale is meant to saturate every one of them.
    let unit: Float = random.below(6) == 0 ? 1e6 : 0.01 / Float(k).squareRoot()
    scale = (0..<n).map { _ in unit * Float(random.uniform()) }
    residual = (0..<m * cStride).map { _ in byte() }
    table = (0..<256).map { _ in byte() }
    zeroPoint = UInt8(zero())
    settings.zero = zero()
    settings.low = random.pick([0, settings.zero])
    settings.high = random.pick([255, max(settings.low, 200)])
    (settings.own_scale, settings.residual_scale) = (Float(random.uniform()), Float(random.uniform()))
    (settings.own_zero, settings.residual_zero, settings.sum_zero) = (zero(), zero(), zero())
    settings.sum_low = random.pick([0, settings.sum_zero])
    settings.sum_high = random.pick([255, max(settings.sum_low, 200)])
  }

  /// Bytes and numbers of all rows, strides included: what lies between the rows is 171 and infinity.
  typealias Result = (bytes: [UInt8], numbers: [Float])

  private var untouched: Result {
    let bytes = ending == .residualInPlace ? residual : [UInt8](repeating: 171, count: m * cStride)
    return (bytes + [171], [Float](repeating: .infinity, count: m * cStride + 1))
  }

  var expected: Result {
    var result = untouched
    for row in 0..<m {
      for column in 0..<n {
        var sum = bias[column]
        for i in 0..<k {
          sum += (Int32(a[row * aStride + i]) - Int32(zeroPoint)) * Int32(weights[column * k + i])
        }
        let at = row * cStride + column
        if ending == .real {
          result.numbers[at] = Float(sum) * scale[column]
        } else {
          result.bytes[at] = requantised(sum, scale: scale[column], residual: residual[at])
        }
      }
    }
    return result
  }

  private func requantised(_ sum: Int32, scale: Float, residual: UInt8) -> UInt8 {
    let s = settings
    var q = s.zero + rounded(Float(sum) * scale, from: s.low - s.zero, to: s.high - s.zero)
    if ending.hasTable { q = Int32(table[Int(q)]) }
    if ending.hasResidual {
      let other = s.residual_scale * Float(Int32(residual) - s.residual_zero)
      let x = other.addingProduct(s.own_scale, Float(q - s.own_zero))
      q = s.sum_zero + rounded(x, from: s.sum_low - s.sum_zero, to: s.sum_high - s.sum_zero)
    }
    return UInt8(q)
  }

  private func rounded(_ x: Float, from low: Int32, to high: Int32) -> Int32 {
    Int32(min(max(x, Float(low)), Float(high)).rounded(.toNearestOrEven))
  }

  /// What a kernel makes of it. `A` ends, with the bytes that the kernel may read behind it, where memory ends.
  func result(of kernel: qn_u8_gemm_kernel) -> Result {
    let packed = PackedBytes(
      weights, bias: bias, zeroPoint: zeroPoint, columns: n, depth: k, kernel: kernel)
    let guarded = GuardedBytes(count: (m - 1) * aStride + packed.readDepth)
    for i in 0..<min(a.count, guarded.bytes.count) { guarded.bytes[i] = a[i] }
    var result = untouched
    scale.withUnsafeBufferPointer { scale in
      table.withUnsafeBufferPointer { table in
        residual.withUnsafeBufferPointer { residual in
          result.bytes.withUnsafeMutableBufferPointer { c in
            result.numbers.withUnsafeMutableBufferPointer { numbers in
              var s = settings
              s.scale = scale.baseAddress
              s.table = ending.hasTable ? table.baseAddress : nil
              s.residual = ending.hasResidual ? residual.baseAddress : nil
              if ending == .residualInPlace { s.residual = UnsafePointer(c.baseAddress) }
              s.residual_stride = cStride
              s.real = ending == .real ? numbers.baseAddress : nil
              s.real_stride = cStride
              kernel.function(
                m, n, k, guarded.bytes.baseAddress, aStride, packed.pointer, &s, c.baseAddress, cStride)
            }
          }
        }
      }
    }
    return result
  }
}

/// Bytes behind which nothing may be read: a page without any rights follows.
final class GuardedBytes {
  let bytes: UnsafeMutableBufferPointer<UInt8>
  private let start: UnsafeMutableRawPointer
  private let length: Int

  init(count: Int) {
    let page = Int(sysconf(Int32(_SC_PAGESIZE)))
    let body = (count + page - 1) / page * page
    length = body + page
    start = mmap(nil, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    mprotect(start + body, page, PROT_NONE)
    let first = (start + (body - count)).assumingMemoryBound(to: UInt8.self)
    bytes = UnsafeMutableBufferPointer(start: first, count: count)
  }

  deinit { munmap(start, length) }
}
