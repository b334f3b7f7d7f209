import Devices
import Diagnostics
import Foundation
import Networks
import Testing

@Suite("Clients of one agent") struct AgentQueueTests {
  @Test("Several clients at once are served one after the other, each with its own answer")
  func several() async throws {
    let gated = GatedDevice()
    gated.gate.set()
    let agent = try AgentFixture(devices: [gated])
    try await withThrowingTaskGroup(of: Void.self) { group in
      for channels in 1...6 {
        group.addTask {
          let network = try tinyNetwork(channels: channels)
          let measured = try agent.device("gated").measure(network, weights: network.timingWeights(seed: 1))
          #expect(measured.whole == FormulaDevice().measure(network, weights: [:]).whole)
        }
      }
      try await group.waitForAll()
    }
    #expect(gated.counts.withLock { $0.most } == 1 && gated.begun == 6)
  }

  @Test("A client that goes while it waits is never measured, and one that goes meanwhile stops nobody")
  func vanished() throws {
    let gated = GatedDevice()
    let agent = try AgentFixture(devices: [gated])
    let request = try AgentFixture.request("POST /measure?device=gated HTTP/1.1", body: AgentFixture.onnx())
    var first: SocketStream? = try agent.connection()
    try first?.write(request, until: .after(20))
    gated.waitUntilBegun(1)
    var second: SocketStream? = try agent.connection()
    try second?.write(request, until: .after(20))
    while agent.server.queue.count < 2 { usleep(2_000) }
    second = nil
    while agent.server.queue.count > 1 { usleep(2_000) }
    first = nil
    gated.gate.set()
    #expect(try agent.answer(to: request).status == 200)
    #expect(gated.begun == 2)
    agent.stop()
    #expect(agent.lines.contains { $0.contains("dropped: the client went before its turn") })
  }

  @Test("More requests than may wait are asked to come later, and a client that comes again is served")
  func busy() throws {
    let gated = GatedDevice()
    var limits = AgentLimits.patient
    limits.waiting = 1
    let agent = try AgentFixture(devices: [gated], limits: limits)
    let request = try AgentFixture.request("POST /measure?device=gated HTTP/1.1", body: AgentFixture.onnx())
    let first = try agent.connection()
    try first.write(request, until: .after(20))
    gated.waitUntilBegun(1)
    #expect(try agent.answer(to: request).status == 503)
    let device = try agent.device("gated", patience: AgentPatience(answering: 2, pause: 0.3))
    let refused = try #require(throws: Diagnostic.self) { try device.measure(tinyNetwork(), weights: tinyWeights()) }
    #expect(refused.category == .unreachable && gated.begun == 1)
    Thread {
      usleep(100_000)
      gated.gate.set()
    }.start()
    #expect(try agent.device("gated").measure(tinyNetwork(), weights: tinyWeights()).median > 0)
    #expect(AgentFixture.answer(on: first).status == 200)
  }

  @Test("Bodies that together would take too much memory are refused before they are sent")
  func memory() throws {
    let agent = try AgentFixture(limits: AgentLimits(bytes: 1_000))
    let head = AgentFixture.request(body: Data(count: 900)).dropLast(900)
    let open = try (0..<2).map { _ in
      let stream = try agent.connection()
      try stream.write(head, until: .after(20))
      return stream
    }
    while agent.server.queue.count < 2 { usleep(2_000) }
    #expect(try agent.answer(to: head).status == 503)
    withExtendedLifetime(open) {}
  }

  @Test("Connections beyond the limit are closed, and one that ends makes room")
  func connections() throws {
    var limits = AgentLimits.patient
    limits.connections = 2
    let agent = try AgentFixture(limits: limits)
    var idle = [try agent.connection(), try agent.connection()]
    let request = AgentFixture.request("GET /devices HTTP/1.1")
    // The idle ones came before, so that this one does not get in.
    #expect(try agent.answer(to: request).status == nil)
    idle.removeLast()
    while try agent.answer(to: request).status != 200 { usleep(2_000) }
  }

  @Test("An agent that is told to end answers what it measures, drops the others and ends")
  func stopped() throws {
    let gated = GatedDevice()
    let agent = try AgentFixture(devices: [gated])
    let request = try AgentFixture.request("POST /measure?device=gated HTTP/1.1", body: AgentFixture.onnx())
    let measured = try agent.connection()
    try measured.write(request, until: .after(20))
    gated.waitUntilBegun(1)
    let (waiting, idle) = (try agent.connection(), try agent.connection())
    try waiting.write(request, until: .after(20))
    while agent.server.queue.count < 2 { usleep(2_000) }
    Thread {
      while agent.server.queue.count > 1 { usleep(2_000) }
      gated.gate.set()
    }.start()
    agent.stop()
    #expect(AgentFixture.answer(on: measured).status == 200)
    #expect(AgentFixture.answer(on: waiting).status == nil && AgentFixture.answer(on: idle).status == nil)
    #expect(gated.begun == 1)
  }

  private func tinyWeights() throws -> Weights { try tinyNetwork().timingWeights(seed: 1) }
}
