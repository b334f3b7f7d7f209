import Devices
import Diagnostics
import Foundation
import Networks
import Testing

@Suite("Devices of other machines") struct RemoteDeviceTests {
  private static let devices = FakeAgent.http(
    """
    {"devices": [{"name": "formula", "fingerprint": {"cpu": "x", "isa": "y", "threads": 1, "precision": "fp32",
      "runtime": "z", "libraries": {}}}]}
    """)
  private static let measurement = """
    {"latency_ms": {"min": 1, "median": 2, "p90": 3, "mean": 2.5}, "runs": 20, "disturbed": true,
     "device": {"name": "formula", "fingerprint": {"cpu": "x", "isa": "y", "threads": 1, "precision": "fp32",
      "runtime": "z", "libraries": {}}}}
    """
  private static let quick = AgentPatience(connecting: 5, answering: 20, attempts: 3, pause: 0.01)

  @Test("A remote device gives what the device gives, with its fingerprint, under its own name")
  func right() throws {
    let agent = try AgentFixture()
    let device = try agent.device()
    #expect(device.name == "remote" && device.fingerprint == FormulaDevice().fingerprint)
    let network = try tinyNetwork()
    let latency = try device.measure(network, weights: network.timingWeights(seed: 1))
    let local = FormulaDevice().measure(network, weights: [:])
    #expect(latency.whole == local.whole)
    let operators = try (#require(latency.operators), #require(local.operators).filter { $0.value > 0 })
    #expect(operators.0.keys.sorted() == operators.1.keys.sorted())
    for (name, milliseconds) in operators.1 {
      #expect(abs(operators.0[name, default: 0] - milliseconds) < 1e-12, "\(name)")
    }
  }

  @Test("A device of the inference core is timed through an agent")
  func measured() throws {
    let rules = MeasurementProtocol(warmUpRuns: 1, minimumRuns: 6, timeLimit: 50, blockMilliseconds: 1)
    let core = try InferenceCoreDevice(threads: 1, rules: rules)
    let agent = try AgentFixture(devices: [core])
    let device = try agent.device(core.name)
    let latency = try device.measure(tinyNetwork(), weights: tinyNetwork().timingWeights(seed: 1))
    #expect(latency.runs >= 6 && latency.minimum > 0 && device.fingerprint == core.fingerprint)
  }

  @Test("A wrong token, an unknown device and a network that the agent refuses say what to do")
  func refused() throws {
    var limits = AgentLimits(bytes: 4 << 20)
    limits.work = 10
    let agent = try AgentFixture(limits: limits)
    let wrong = try #require(throws: Diagnostic.self) { try agent.device(token: "wrong") }
    #expect(wrong.category == .unreachable && wrong.remedy?.contains("QUOIN_AGENT_TOKEN") == true)
    let unknown = try #require(throws: Diagnostic.self) { try agent.device("formla") }
    #expect(unknown.category == .usage && unknown.nearest == "formula")
    let heavy = try #require(throws: Diagnostic.self) { try measure(agent.device()) }
    #expect(heavy.category == .unusableFile && heavy.problem.contains("too slow"))
    let modest = try AgentFixture(limits: AgentLimits(bytes: 100))
    let large = try #require(throws: Diagnostic.self) { try measure(modest.device()) }
    #expect(large.category == .failure && large.problem.contains("the agent accepts 100"))
  }

  @Test(
    "Addresses that are none are errors that name the rule",
    arguments: [
      "https://127.0.0.1:1/x", "http://127.0.0.1:1", "http:///x", "http://a@b:1/x", "http://127.0.0.1:99999/x",
      "ftp://127.0.0.1/x", "http://127.0.0.1:1/", "://",
    ])
  func addresses(url: String) throws {
    let error = try #require(throws: Diagnostic.self) {
      let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
      guard parts.count == 4, !parts[3].isEmpty else { return _ = try DeviceCatalog.device(named: url) }
      _ = try RemoteDevice(
        name: url, url: parts[..<3].joined(separator: "/"), device: String(parts[3]), token: AccessToken("t"))
    }
    #expect(error.category == .usage && error.rule != nil, "\(error)")
  }

  @Test("An agent that is not there is asked again a few times, and then said to be unreachable")
  func gone() throws {
    let agent = try AgentFixture()
    let device = try agent.device(patience: Self.quick)
    agent.stop()
    let error = try #require(throws: Diagnostic.self) { try measure(device) }
    #expect(error.category == .unreachable && error.place?.file?.hasPrefix("http://127.0.0.1:") == true)
    #expect(error.remedy?.contains("quoin agent") == true)
  }

  @Test("A connection that breaks before or in the middle of the answer leads to another attempt")
  func retried() throws {
    let whole = FakeAgent.http(Self.measurement)
    let fake = try FakeAgent([
      FakeAgent.answering(Self.devices), { _ in }, FakeAgent.answering(String(whole.dropLast(10))),
      FakeAgent.answering(whole),
    ])
    let latency = try measure(device(of: fake))
    #expect(fake.connections == 4)
    #expect(latency.minimum == 1 && latency.median == 2 && latency.p90 == 3 && latency.mean == 2.5)
    #expect(latency.runs == 20 && latency.disturbed)
  }

  @Test("An agent that dies again and again in its answers is unreachable after the attempts")
  func dying() throws {
    let half = FakeAgent.answering(String(FakeAgent.http(Self.measurement).dropLast(10)))
    let fake = try FakeAgent([FakeAgent.answering(Self.devices), half, half, half])
    let device = try device(of: fake)
    #expect(try #require(throws: Diagnostic.self) { try measure(device) }.category == .unreachable)
    #expect(fake.connections == 4)
  }

  @Test("An agent that never answers is left after the patience")
  func silent() throws {
    let isDone = Flag()
    let fake = try FakeAgent([FakeAgent.answering(Self.devices), { _ in isDone.wait() }])
    defer { isDone.set() }
    var patience = Self.quick
    patience.answering = 2
    let device = try RemoteDevice(
      name: "r", url: fake.url, device: "formula", token: AccessToken("t"), patience: patience)
    let error = try #require(throws: Diagnostic.self) { try measure(device) }
    #expect(error.category == .unreachable && error.problem.contains("longer"))
  }

  static let answers: [HostileAnswer] = [
    .init("not HTTP", "nonsense"),
    .init("not HTTP", "SSH-2.0-OpenSSH_9.2\r\n\r\n"),
    .init("no status", "HTTP/1.1 99 X\r\n\r\n"),
    .init("no length", "HTTP/1.1 200 OK\r\n\r\n{}"),
    .init("empty", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"),
    .init("endless", "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"),
    .init("chunks", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    .init("long head", "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 50_000)),
    .init("elsewhere", "HTTP/1.1 302 Found\r\nLocation: http://x\r\nContent-Length: 0\r\n\r\n"),
    .init("deep", FakeAgent.http(String(repeating: "[", count: 100_000))),
    .init(
      "control characters", FakeAgent.http("{\"error\": {\"problem\": \"\u{1B}[2J\u{7}gone\"}}", status: "418 Teapot")),
    .init("zero", changed("\"min\": 1", "\"min\": 0")),
    .init("negative", changed("\"min\": 1", "\"min\": -1")),
    .init("order", changed("\"min\": 1", "\"min\": 2.1")),
    .init("order", changed("\"p90\": 3", "\"p90\": 1.5")),
    .init("mean", changed("\"mean\": 2.5", "\"mean\": 0.5")),
    .init("huge", changed("\"mean\": 2.5", "\"mean\": 1e300")),
    .init("infinite", changed("\"median\": 2", "\"median\": 1e999")),
    .init("nan", changed("\"median\": 2", "\"median\": NaN")),
    .init("no runs", changed("\"runs\": 20", "\"runs\": 0")),
    .init("other machine", changed("\"cpu\": \"x\"", "\"cpu\": \"y\"")),
    .init("other device", changed("\"name\": \"formula\"", "\"name\": \"cpu-1t\"")),
    .init("escape sequence", changed("\"cpu\": \"x\"", "\"cpu\": \"\\u001b[31mx\"")),
  ]

  private static func changed(_ old: String, _ new: String) -> String {
    FakeAgent.http(measurement.replacingOccurrences(of: old, with: new))
  }

  @Test("Answers that no agent gives are errors that say so", arguments: answers)
  func hostile(answer: HostileAnswer) throws {
    let fake = try FakeAgent(
      [FakeAgent.answering(Self.devices)] + Array(repeating: FakeAgent.answering(answer.text), count: 3))
    let device = try device(of: fake)
    let error = try #require(throws: Diagnostic.self) { try measure(device) }
    #expect(error.category == .unreachable, "\(error)")
    #expect(error.description.allSatisfy { !$0.isNewline && $0 != "\u{1B}" && $0 != "\u{7}" })
  }

  @Test(
    "Lists of devices that no agent gives are errors",
    arguments: [
      "", "[]", "{}", "{\"devices\": 1}", "{\"devices\": [{\"name\": \"formula\"}]}",
      "{\"devices\": [{\"name\": \"formula\", \"fingerprint\": {\"cpu\": \"x\", \"isa\": \"y\", \"threads\": 0, "
        + "\"precision\": \"p\", \"runtime\": \"z\", \"libraries\": {}}}]}",
    ])
  func hostileList(body: String) throws {
    let fake = try FakeAgent([FakeAgent.answering(FakeAgent.http(body))])
    #expect(try #require(throws: Diagnostic.self) { try device(of: fake) }.category == .unreachable)
  }

  @Test("A collection whose agent ends half-way goes on with the other device, and catches up later")
  func collection() throws {
    let jobs = (1...8).map { channels in
      MeasurementJob(key: "n\(channels)") {
        let network = try tinyNetwork(channels: channels)
        return (network, network.timingWeights(seed: 1))
      }
    }
    let agent = try AgentFixture()
    var samples: Set<String> = []
    var devices: [any Device] = [try agent.device(patience: Self.quick), FormulaDevice()]
    let lost = try LatencyCollection(devices: devices, seed: 1).run(jobs) { sample, device in
      samples.insert(device + sample.key)
      if samples.count(where: { $0.hasPrefix("remote") }) == 3 { agent.stop() }
    }
    #expect(lost.map(\.name) == ["remote"])
    #expect(samples.count { $0.hasPrefix("formula") } == 8 && samples.count { $0.hasPrefix("remote") } == 3)
    let successor = try AgentFixture()
    devices[0] = try successor.device()
    let known = samples
    try LatencyCollection(devices: devices, seed: 1).run(jobs, isMeasured: { known.contains($1 + $0) }) {
      #expect(samples.insert($1 + $0.key).inserted)
    }
    #expect(samples.count == 16)
  }

  /// What a server may answer; the name is what tests are told apart by.
  struct HostileAnswer: CustomTestStringConvertible {
    let testDescription: String
    let text: String

    init(_ what: String, _ text: String) { (testDescription, self.text) = (what, text) }
  }

  private func device(of fake: FakeAgent) throws -> RemoteDevice {
    try RemoteDevice(name: "r", url: fake.url, device: "formula", token: AccessToken("t"), patience: Self.quick)
  }

  private func measure(_ device: RemoteDevice) throws -> LatencySummary {
    try device.measure(tinyNetwork(), weights: tinyNetwork().timingWeights(seed: 1))
  }
}
