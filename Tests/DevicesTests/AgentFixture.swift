import Devices
import Diagnostics
import Foundation
import Interchange
import Networks
import Synchronization

/// An agent in this process, on a port that the system chose.
final class AgentFixture: Sendable {
  static let token = "sesame-open-1234"

  let server: AgentServer
  private let log = Lines()
  private let isStopped = Flag()
  private let hasEnded = Flag()

  init(devices: [any Device] = [FormulaDevice()], limits: AgentLimits = .patient) throws {
    server = try AgentServer(
      listen: "127.0.0.1:0", token: AccessToken(Self.token), devices: devices, limits: limits,
      log: { [log] in log.append($0) })
    Thread { [server, isStopped, hasEnded] in
      server.run(until: { isStopped.isSet })
      hasEnded.set()
    }.start()
  }

  deinit { isStopped.set() }

  /// Stops the agent as Ctrl-C does, and waits until it has ended.
  func stop() {
    isStopped.set()
    hasEnded.wait()
  }

  /// Whether the agent was told to stop and has.
  var isRunning: Bool { !hasEnded.isSet }

  /// The lines of the log so far.
  var lines: [String] { log.all }

  var url: String { "http://\(server.address)" }

  /// The client's side of the agent.
  func device(
    _ name: String = "formula", token: String = AgentFixture.token, patience: AgentPatience = AgentPatience()
  ) throws -> RemoteDevice {
    try RemoteDevice(name: "remote", url: url, device: name, token: AccessToken(token), patience: patience)
  }

  func connection() throws -> SocketStream { try .connected(to: AgentAddress(server.address), seconds: 5) }

  /// Sends bytes as they are; returns the status of the answer, or `nil` where there is none, and its body.
  func answer(to bytes: Data, endsSending: Bool = false) throws -> (status: Int?, body: String) {
    let stream = try connection()
    // An agent that refuses early may not take everything.
    try? stream.write(bytes, until: .after(20))
    if endsSending { stream.endSending() }
    return Self.answer(on: stream)
  }

  /// What arrives on a connection until it ends.
  static func answer(on stream: SocketStream) -> (status: Int?, body: String) {
    var bytes = Data()
    while let more = try? stream.read(atMost: 1 << 16, until: .after(20)) { bytes += more }
    let text = String(decoding: bytes, as: UTF8.self)
    let body = text.range(of: "\r\n\r\n", options: .backwards).map { String(text[$0.upperBound...]) }
    return (text.split(separator: " ").dropFirst().first.flatMap { Int($0) }, body ?? "")
  }

  /// A request with a right token.
  static func request(
    _ line: String = "POST /measure?device=formula HTTP/1.1", fields: [String] = [], body: Data = Data()
  ) -> Data {
    let lines = [line, "Authorization: Bearer \(token)"] + fields + ["Content-Length: \(body.count)", "", ""]
    return Data(lines.joined(separator: "\r\n").utf8) + body
  }

  /// An ONNX file of a small network.
  static func onnx(channels: Int = 16) throws -> Data {
    let network = try tinyNetwork(channels: channels)
    return try ONNX.export(network, weights: network.timingWeights(seed: 1))
  }
}

extension AgentLimits {
  /// Limits in whose times tests are never late, even on a busy machine.
  static var patient: AgentLimits {
    var limits = AgentLimits(bytes: 4 << 20)
    (limits.headSeconds, limits.bodySeconds) = (60, 60)
    return limits
  }
}

/// Something that happens once and can be waited for.
final class Flag: Sendable {
  private let value = Mutex(false)

  var isSet: Bool { value.withLock { $0 } }
  func set() { value.withLock { $0 = true } }
  func wait() { while !isSet { usleep(2_000) } }
}

/// Lines that threads add.
final class Lines: Sendable {
  private let lines = Mutex<[String]>([])

  var all: [String] { lines.withLock { $0 } }
  func append(_ line: String) { lines.withLock { $0.append(line) } }
}

/// The formula behind a gate: measurements begin, and end once the gate is open.
final class GatedDevice: Device {
  let name = "gated"
  let gate = Flag()
  /// How many measurements began, how many are under way, and the most at one time.
  let counts = Mutex((begun: 0, running: 0, most: 0))

  var fingerprint: DeviceFingerprint { FormulaDevice().fingerprint }
  var begun: Int { counts.withLock { $0.begun } }

  func measure(_ network: Network, weights: Weights) -> LatencySummary {
    counts.withLock { counts in
      counts.begun += 1
      counts.running += 1
      counts.most = max(counts.most, counts.running)
    }
    gate.wait()
    defer { counts.withLock { $0.running -= 1 } }
    return FormulaDevice().measure(network, weights: weights)
  }

  /// Returns once so many measurements have begun.
  func waitUntilBegun(_ count: Int) { while begun < count { usleep(2_000) } }
}

/// A server that does as it is told with one connection after the other, and then refuses.
final class FakeAgent: Sendable {
  let url: String
  private let reached = Lines()
  private let isOver = Flag()

  /// The number of connections so far.
  var connections: Int { reached.all.count }

  init(_ scripts: [@Sendable (SocketStream) throws -> Void]) throws {
    let socket = try ListeningSocket(AgentAddress("127.0.0.1:0"))
    url = "http://127.0.0.1:\(socket.port)"
    Thread { [reached, isOver] in
      for script in scripts {
        var accepted: SocketStream?
        while accepted == nil, !isOver.isSet { accepted = socket.accept(seconds: 0.1)?.stream }
        guard let accepted else { return }
        reached.append("connection")
        try? script(accepted)
      }
    }.start()
  }

  deinit { isOver.set() }

  /// Reads a head, and the body where there is one, and sends an answer as it is.
  static func answering(_ answer: String) -> @Sendable (SocketStream) throws -> Void {
    { stream in
      try skipRequest(stream)
      try stream.write(Data(answer.utf8), until: .after(20))
      stream.endSending()
      while (try? stream.read(atMost: 1 << 16, until: .after(20))) != nil {}
    }
  }

  static func skipRequest(_ stream: SocketStream) throws {
    var text = ""
    while !text.contains("\r\n\r\n") {
      text += String(decoding: try stream.read(atMost: 1 << 16, until: .after(20)), as: UTF8.self)
    }
    guard text.contains("100-continue") else { return }
    try stream.write(Data("HTTP/1.1 100 Continue\r\n\r\n".utf8), until: .after(20))
    let length = text.firstMatch(of: /Content-Length: (\d+)/).flatMap { Int($0.output.1) } ?? 0
    var received = 0
    while received < length { received += try stream.read(atMost: 1 << 16, until: .after(20)).count }
  }

  /// A complete answer.
  static func http(_ body: String, status: String = "200 OK") -> String {
    "HTTP/1.1 \(status)\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
  }
}

extension LatencySummary {
  /// The summary without single operators, which two sides may name differently.
  var whole: LatencySummary {
    var summary = self
    summary.operators = nil
    return summary
  }
}
