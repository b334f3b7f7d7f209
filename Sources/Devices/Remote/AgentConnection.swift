import Diagnostics
import Foundation
import Interchange
import Networks

/// One connection to an agent: a request, an answer, a line of the log.
struct AgentConnection {
  let server: AgentServer
  let stream: SocketStream
  let peer: String

  /// An answer, or the reason why there is none.
  private enum Outcome {
    case answer(HTTPMessage)
    case dropped(String)

    /// A success.
    static func success(_ value: some Encodable) throws -> Outcome {
      .answer(message(200, try AgentJSON.encoded(value)))
    }

    /// A failure; encoding strings does not fail.
    static func failure(_ status: Int, _ error: AgentError, fields: [(name: String, value: String)] = []) -> Outcome {
      .answer(message(status, (try? AgentJSON.encoded(error)) ?? Data(), fields))
    }

    private static func message(
      _ status: Int, _ body: Data, _ fields: [(name: String, value: String)] = []
    ) -> HTTPMessage {
      let all = [("Content-Type", "application/json"), ("Cache-Control", "no-store")] + fields
      return HTTPMessage(startLine: HTTPStatus.line(status), fields: all, body: body)
    }
  }

  /// Reads the request, does what it asks and answers.
  func serve(log: (String) -> Void) {
    let start = Deadline.now
    var request = "-"
    let outcome = outcome(&request)
    let elapsed = (Deadline.now - start).components
    let seconds = Double(elapsed.seconds) + 1e-18 * Double(elapsed.attoseconds)
    log("\(peer) \(request.shown) \(deliver(outcome)) \(String(format: "%.3f s", seconds))")
  }

  private func outcome(_ request: inout String) -> Outcome {
    do {
      var reader = HTTPReader(stream)
      let head = try reader.head(until: .after(server.limits.headSeconds))
      request = head.startLine.prefix(2).joined(separator: " ")
      return try answer(head, &reader)
    } catch let fault as HTTPFault {
      return .failure(fault.status, AgentError(problem: fault.problem), fields: Self.fields(of: fault))
    } catch StreamFailure.late {
      return .failure(408, AgentError(problem: "the request comes too slowly"))
    } catch let diagnostic as Diagnostic {
      return .failure(Self.status(of: diagnostic), AgentError(diagnostic))
    } catch let failure as StreamFailure {
      return .dropped("the connection ended: \(failure)")
    } catch {
      return .failure(500, AgentError(problem: "the measurement failed: \(error)"))
    }
  }

  /// The answer to a request whose head has arrived. Nothing more is read from somebody without the token.
  private func answer(_ head: HTTPHead, _ reader: inout HTTPReader) throws -> Outcome {
    guard server.token.matches(authorization: head.fields["authorization"]) else {
      throw HTTPFault(status: 401, problem: "the token is missing or wrong")
    }
    switch try AgentRequest(head, byteLimit: server.limits.bytes) {
    case .devices:
      return try .success(AgentDevices(devices: server.devices.map { AgentDevice($0) }))
    case .measure(let name, let bytes):
      guard let device = server.devices.first(where: { $0.name == name }) else {
        let names = server.devices.map(\.name)
        let diagnostic = Diagnostic(
          .usage, "the agent has no such device", value: name, rule: "it has \(names.joined(separator: ", "))",
          nearest: nearestName(to: name, among: names))
        return .failure(404, AgentError(diagnostic))
      }
      guard let place = server.queue.enter(bytes: bytes) else {
        throw HTTPFault(status: 503, problem: "too many requests wait already")
      }
      defer { server.queue.leave(place) }
      let file = try body(bytes, head, &reader)
      guard server.queue.waitForTurn(place, isUseless: { stream.isPeerGone }) else {
        return .dropped("the client went before its turn")
      }
      return try measurement(of: file, on: device)
    }
  }

  private func body(_ bytes: Int, _ head: HTTPHead, _ reader: inout HTTPReader) throws -> Data {
    let limits = server.limits
    if head.fields["expect"]?.lowercased() == "100-continue" {
      try stream.write(Data("\(HTTPStatus.line(100))\r\n\r\n".utf8), until: .after(limits.headSeconds))
    }
    return try reader.body(
      length: bytes, until: .after(limits.bodySeconds + Double(bytes) / limits.bodyRate))
  }

  /// Reads the network only now that nothing else is measured: that takes a core and memory.
  private func measurement(of file: Data, on device: any Device) throws -> Outcome {
    let (network, weights) = try ONNX.import(file, path: "", readsOtherFiles: false)
    try server.limits.check(network)
    let latency: LatencySummary
    do {
      latency = try device.measure(network, weights: weights)
    } catch let diagnostic as Diagnostic where diagnostic.category != .failure {
      return .failure(422, AgentError(diagnostic))
    }
    return try .success(AgentMeasurement(latency, device: AgentDevice(device)))
  }

  /// A fault of the machine is one of the agent, anything else one of the file.
  private static func status(of diagnostic: Diagnostic) -> Int { diagnostic.category == .failure ? 500 : 400 }

  /// What the standard wants told along with a status.
  private static func fields(of fault: HTTPFault) -> [(name: String, value: String)] {
    switch fault.status {
    case 401: [("WWW-Authenticate", "Bearer")]
    case 405: fault.allowed.map { [("Allow", $0)] } ?? []
    case 503: [("Retry-After", "1")]
    default: []
    }
  }

  /// Sends an answer. Returns what the log says of it.
  private func deliver(_ outcome: Outcome) -> String {
    switch outcome {
    case .dropped(let reason): return "dropped: \(reason)"
    case .answer(let message):
      let status = message.startLine.split(separator: " ")[1]
      do {
        try stream.write(message.head + message.body, until: .after(server.limits.headSeconds))
      } catch {
        return "\(status) not delivered: \(error)"
      }
      stream.closeGently()
      return String(status)
    }
  }
}

extension AgentDevice {
  /// What an agent says of a device.
  init(_ device: any Device) { self.init(name: device.name, fingerprint: device.fingerprint) }
}
