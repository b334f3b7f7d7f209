import Foundation
import Tensors
import Testing

@Suite("Seeded random numbers")
struct RandomSourceTests {
  /// Computed by an independent program from the definitions of xoshiro256** and SplitMix64.
  @Test(
    "the stream of a seed never changes",
    arguments: [
      (0, [0x99ec_5f36_cb75_f2b4, 0xbf6e_1f78_4956_452a, 0x1a5f_849d_4933_e6e0, 0x6aa5_94f1_262d_2d2c]),
      (1, [0xb3f2_af6d_0fc7_10c5, 0x853b_5596_4736_4cea, 0x92f8_9756_082a_4514, 0x642e_1c7b_c266_a3a7]),
      (42, [0x1578_0b2e_0c2e_c716, 0x6104_d986_6d11_3a7e, 0xae17_5332_39e4_99a1, 0xecb8_ad47_03b3_60a1]),
    ] as [(UInt64, [UInt64])])
  func fixedStream(seed: UInt64, expected: [UInt64]) {
    var random = RandomSource(seed: seed)
    #expect((0..<4).map { _ in random.next() } == expected)
  }

  @Test("a purpose has a stream of its own that never changes")
  func purposes() {
    var random = RandomSource(seed: 7, purpose: "mutation")
    #expect([random.next(), random.next()] == [0x91f0_d321_4b4b_d500, 0xd527_7c52_98a1_7424])
    #expect(RandomSource(seed: 7, purpose: "mutation") != RandomSource(seed: 7, purpose: "crossover"))
    #expect(RandomSource(seed: 7, purpose: "mutation") != RandomSource(seed: 8, purpose: "mutation"))
  }

  @Test("a stored state goes on with the same stream")
  func storing() throws {
    var random = RandomSource(seed: 3)
    for _ in 0..<10 { _ = random.next() }
    var restored = try JSONDecoder().decode(RandomSource.self, from: JSONEncoder().encode(random))
    #expect((0..<5).map { _ in restored.next() } == (0..<5).map { _ in random.next() })
  }

  @Test("uniform numbers lie in 0..<1 and fill it evenly")
  func uniform() {
    var random = RandomSource(seed: 42)
    #expect(random.uniform() == 0.08386297105988216 && random.uniform() == 0.3789802506626686)
    var bins = [Int](repeating: 0, count: 10)
    for _ in 0..<100_000 { bins[Int(random.uniform() * 10)] += 1 }
    // Six standard deviations of a bin of 10 000.
    #expect(bins.allSatisfy { abs($0 - 10_000) < 570 })
  }

  @Test("bounded numbers reach every value equally often", arguments: [1, 2, 3, 7, 10])
  func bounded(bound: Int) {
    var random = RandomSource(seed: 5)
    var counts = [Int](repeating: 0, count: bound)
    for _ in 0..<70_000 { counts[random.below(bound)] += 1 }
    let expected = 70_000 / bound
    #expect(counts.allSatisfy { abs(Double($0 - expected)) < 6 * Double(expected).squareRoot() + 1 })
    #expect((0..<100).allSatisfy { _ in (0..<Int.max).contains(random.below(.max)) })
  }

  @Test("normal numbers have mean 0, variance 1, and the tails of the distribution")
  func normal() {
    var random = RandomSource(seed: 6)
    let numbers = (0..<100_000).map { _ in random.normal() }
    let mean = numbers.reduce(0, +) / 100_000
    let variance = numbers.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 100_000
    #expect(abs(mean) < 0.02 && abs(variance - 1) < 0.03)
    let outside = Double(numbers.count { abs($0) > 1.96 }) / 100_000
    #expect(abs(outside - 0.05) < 0.005 && numbers.allSatisfy(\.isFinite))
  }

  @Test("shuffling keeps the elements, and every order is equally likely")
  func shuffling() {
    var random = RandomSource(seed: 8)
    var orders: [[Int]: Int] = [:]
    for _ in 0..<12_000 { orders[random.shuffled([1, 2, 3]), default: 0] += 1 }
    #expect(orders.count == 6 && orders.values.allSatisfy { abs($0 - 2000) < 270 })
    #expect(random.shuffled([Int]()).isEmpty && random.shuffled([1]) == [1])
    #expect((0..<100).allSatisfy { _ in [4, 5].contains(random.pick([4, 5])) })
  }
}
