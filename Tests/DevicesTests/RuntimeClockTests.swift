import Devices
import Inference
import Networks
import Testing

@Suite struct RuntimeClockTests {
  @Test("A clock's cost is what operators take with it more than a longer chain takes without it")
  func cost() {
    let clock = RuntimeClock(few: reading(2, each: 0.003, run: 0.012), many: reading(50, each: 0.003, run: 0.060))
    // A link takes (60 - 12) / 48 = 1 microsecond, and 3 with a clock.
    #expect(abs(clock.milliseconds - 0.002) < 1e-12)
    let corrected = clock.corrected([
      .init(name: "long", milliseconds: 0.1), .init(name: "short", milliseconds: 0.001),
      .init(name: "none", milliseconds: 0),
    ]).map(\.milliseconds)
    #expect(zip(corrected, [0.098, 0.0001, 0]).allSatisfy { abs($0 - $1) < 1e-12 })
  }

  @Test("Clocks that cut off what is no whole microsecond add less than nothing")
  func truncated() {
    let clock = RuntimeClock(few: reading(2, each: 0.001, run: 0.010), many: reading(50, each: 0.001, run: 0.082))
    #expect(abs(clock.milliseconds + 0.0005) < 1e-12)
    #expect(abs(clock.corrected([.init(name: "one", milliseconds: 0.004)])[0].milliseconds - 0.0045) < 1e-12)
  }

  @Test("A runtime that makes the chain one operator, or a machine that was disturbed, corrects nothing absurd")
  func joined() {
    #expect(RuntimeClock(few: reading(1, each: 1, run: 1), many: reading(1, each: 9, run: 9)).milliseconds == 0)
    let disturbed = RuntimeClock(few: reading(2, each: 0.002, run: 1), many: reading(50, each: 0.002, run: 0.1))
    #expect(abs(disturbed.milliseconds - 0.002) < 1e-12)
  }

  @Test("The chain has as many operators as it says")
  func chain() throws {
    let (network, weights) = try RuntimeClock.chain(RuntimeClock.lengths.many)
    #expect(try network.fused(with: weights).network.nodes.count == 1 + RuntimeClock.lengths.many)
  }

  private func reading(_ events: Int, each: Double, run: Double) -> RuntimeClock.Reading {
    .init(milliseconds: run, operators: (0..<events).map { .init(name: "link\($0)", milliseconds: each) })
  }
}
