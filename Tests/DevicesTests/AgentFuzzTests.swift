import Devices
import Diagnostics
import Foundation
import Tensors
import Testing

@Suite("Damaged messages") struct AgentFuzzTests {
  private static let words = [
    "\r\n", "\n", "\r", " ", ":", "?", "&", "=", "%", "%00", "\0", "\u{80}", "Content-Length: ",
    "Authorization: Bearer ",
    "Transfer-Encoding: chunked\r\n", "Expect: 100-continue\r\n", "POST", "HTTP/9.9", "99999999999999999999", "-1",
    "..",
  ]

  /// Changes a few bytes, cuts, repeats or inserts what means something to a reader.
  private func damaged(_ data: Data, _ random: inout RandomSource) -> Data {
    var bytes = [UInt8](data)
    for _ in 0...random.below(4) {
      let place = random.below(bytes.count + 1)
      switch random.below(5) {
      case 0: bytes.insert(contentsOf: random.pick(Self.words).utf8, at: place)
      case 1: bytes.removeSubrange(place..<min(bytes.count, place + random.below(20)))
      case 2 where place < bytes.count: bytes[place] = UInt8(random.below(256))
      case 3: bytes.insert(contentsOf: bytes.prefix(random.below(200)), at: place)
      default: if random.below(4) == 0 { bytes.removeSubrange(place...) }
      }
    }
    return Data(bytes)
  }

  @Test("Thousands of damaged requests are refused or answered, and the agent is as before")
  func requests() throws {
    let agent = try AgentFixture()
    let onnx = try AgentFixture.onnx(channels: 1)
    let requests = [
      AgentFixture.request(body: onnx), AgentFixture.request(fields: ["Expect: 100-continue"], body: onnx),
      AgentFixture.request("GET /devices HTTP/1.1"),
    ]
    var random = RandomSource(seed: 1, purpose: "damaged requests")
    var statuses: [Int: Int] = [:]
    for _ in 0..<4_000 {
      let answer = try agent.answer(to: damaged(random.pick(requests), &random), endsSending: true)
      statuses[answer.status ?? 0, default: 0] += 1
    }
    #expect(statuses[500] == nil, "\(statuses)")
    #expect([400, 401, 404].allSatisfy { statuses[$0] != nil }, "\(statuses)")
    while agent.server.queue.count > 0 { usleep(2_000) }
    #expect(try agent.answer(to: requests[0]).status == 200)
    agent.stop()
    #expect(!agent.lines.joined().contains(AgentFixture.token))
  }

  @Test("Tens of thousands of damaged heads are read or refused")
  func heads() throws {
    var random = RandomSource(seed: 2, purpose: "damaged heads")
    let head = AgentFixture.request(fields: ["Host: a", "Accept: */*"]).dropLast(4)
    var read = 0
    for _ in 0..<20_000 {
      guard let head = try? HTTPHead(damaged(head, &random)) else { continue }
      _ = try? head.contentLength()
      read += 1
    }
    #expect(read > 1_000 && read < 19_000)
  }

  @Test("Damaged measurements are refused, or have numbers in order")
  func measurements() throws {
    let latency = FormulaDevice().measure(try tinyNetwork(), weights: [:]).whole
    let device =
      "{\"name\":\"f\",\"fingerprint\":{\"cpu\":\"\",\"isa\":\"\",\"threads\":1,\"precision\":\"\","
      + "\"runtime\":\"\",\"libraries\":{}}}"
    let text =
      "{\"device\":\(device),\"disturbed\":false,\"runs\":20,\"latency_ms\":{\"min\":\(latency.minimum),"
      + "\"median\":\(latency.median),\"p90\":2.5,\"mean\":1.5},\"operators_ms\":{\"a\":0.5,\"b\":0.25}}"
    var random = RandomSource(seed: 3, purpose: "damaged measurements")
    var read = 0
    for _ in 0..<20_000 {
      let data = damaged(Data(text.utf8), &random)
      guard let summary = (try? JSONDecoder().decode(AgentMeasurement.self, from: data))?.summary else { continue }
      read += 1
      #expect(summary.minimum > 0 && summary.minimum <= summary.median && summary.median <= summary.p90)
      #expect(summary.p90.isFinite && summary.mean.isFinite && summary.runs > 0)
    }
    #expect(read > 0)
  }
}
