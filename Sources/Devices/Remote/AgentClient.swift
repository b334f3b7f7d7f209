import Diagnostics
import Foundation

/// How long a client waits for an agent, and how often it asks again.
public struct AgentPatience: Hashable, Sendable {
  /// Seconds for a connection.
  public var connecting: Double
  /// Seconds for an answer; measurements of others may come first.
  public var answering: Double
  /// Times that a request is sent where the connection is refused or breaks. A measurement may be asked for twice.
  public var attempts: Int
  /// Seconds between the first two of these; every further pause is twice as long.
  public var pause: Double

  /// Creates patience.
  public init(connecting: Double = 5, answering: Double = 900, attempts: Int = 4, pause: Double = 0.25) {
    (self.connecting, self.answering, self.attempts, self.pause) = (connecting, answering, attempts, pause)
  }
}

/// Talks to an agent. Whatever it answers is bounded, checked, and turned into values or a ``Diagnostic``.
struct AgentClient: Sendable {
  let address: AgentAddress
  let token: AccessToken
  let patience: AgentPatience

  /// Bytes of an answer at most.
  static let answerLimit = 1 << 20

  /// Where the agent is, for messages.
  var url: String { "http://\(address)" }

  /// An answer.
  private struct Answer {
    let status: Int
    let body: Data
  }

  /// Why an attempt led to no answer.
  private enum Failure: Error {
    /// Asking again may help.
    case passing(String)
    /// It will not.
    case lasting(String)
  }

  /// The devices of the agent.
  ///
  /// - Throws: ``Diagnostic`` of the category `unreachable`.
  func devices() throws -> [AgentDevice] {
    let answer = try answer(to: HTTPMessage(startLine: "GET /devices HTTP/1.1"))
    guard answer.status == 200 else { throw refusal(answer) }
    guard let devices = try? JSONDecoder().decode(AgentDevices.self, from: answer.body).devices,
      devices.allSatisfy({ $0.name == $0.name.shown && $0.fingerprint.isPlausible })
    else { throw nonsense("its devices cannot be read") }
    return devices
  }

  /// What the agent measured of an ONNX file on one of its devices.
  ///
  /// - Throws: ``Diagnostic`` of the category `unreachable` where the agent gives no answer that can be used, and of
  ///   others where it says what is wrong with the network or the machine.
  func measurement(of onnx: Data, on device: String) throws -> AgentMeasurement {
    let name = device.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
    let request = HTTPMessage(
      startLine: "POST /measure?device=\(name) HTTP/1.1", fields: [("Expect", "100-continue")], body: onnx)
    let answer = try answer(to: request)
    guard answer.status == 200 else { throw refusal(answer) }
    guard let measurement = try? JSONDecoder().decode(AgentMeasurement.self, from: answer.body),
      measurement.device.fingerprint.isPlausible
    else { throw nonsense("its measurement cannot be read") }
    return measurement
  }

  /// Sends a request until there is an answer, or none can be expected.
  private func answer(to request: HTTPMessage) throws -> Answer {
    let deadline = Deadline.after(patience.answering)
    var (failures, pause) = (0, patience.pause)
    while true {
      do {
        let answer = try attempt(request, until: deadline)
        // A busy agent is asked again as long as patience lasts.
        guard answer.status == 503, .now + .seconds(pause) < deadline else { return answer }
      } catch Failure.passing(let reason) {
        failures += 1
        guard failures < patience.attempts else { throw unreachable(reason) }
      } catch Failure.lasting(let reason) {
        throw unreachable(reason)
      }
      Thread.sleep(forTimeInterval: pause)
      pause = min(2 * pause, 5)
    }
  }

  private func attempt(_ request: HTTPMessage, until deadline: Deadline) throws -> Answer {
    do {
      let stream = try SocketStream.connected(to: address, seconds: patience.connecting)
      var reader = HTTPReader(stream)
      var request = request
      request.fields += [("Host", address.description), ("Authorization", token.authorization)]
      try stream.write(request.head, until: deadline)
      if !request.body.isEmpty {
        // Who is refused for the head need not send the body.
        let first = try head(&reader, until: deadline)
        guard first.status == 100 else { return try answer(first, &reader, until: deadline) }
        // An agent that ends while it is sent to may have said why.
        do { try stream.write(request.body, until: deadline) } catch StreamFailure.closed {}
      }
      return try answer(head(&reader, until: deadline), &reader, until: deadline)
    } catch let failure as ConnectFailure {
      throw failure.isRefused ? Failure.passing(failure.reason) : .lasting(failure.reason)
    } catch let failure as StreamFailure {
      switch failure {
      case .closed: throw Failure.passing("it ended the connection without an answer")
      case .late: throw Failure.lasting("its answer takes longer than \(Int(patience.answering)) s")
      case .broken(let reason): throw Failure.lasting(reason)
      }
    } catch let fault as HTTPFault {
      throw Failure.lasting("it does not answer as an agent does: \(fault.problem)")
    }
  }

  /// The head of an answer with its status.
  private func head(_ reader: inout HTTPReader, until deadline: Deadline) throws -> (status: Int, head: HTTPHead) {
    let head = try reader.head(until: deadline)
    guard head.startLine.count >= 2, head.startLine[0].hasPrefix("HTTP/1."), let status = Int(head.startLine[1]),
      (100...599).contains(status)
    else { throw HTTPFault(status: 400, problem: "the first line is not HTTP/1.1 STATUS") }
    return (status, head)
  }

  private func answer(
    _ first: (status: Int, head: HTTPHead), _ reader: inout HTTPReader, until deadline: Deadline
  ) throws -> Answer {
    guard let length = try first.head.contentLength(), length <= Self.answerLimit else {
      throw HTTPFault(status: 400, problem: "it states no length of at most \(Self.answerLimit) bytes")
    }
    return Answer(status: first.status, body: try reader.body(length: length, until: deadline))
  }

  private func unreachable(_ reason: String) -> Diagnostic {
    Diagnostic(
      .unreachable, "the agent cannot be reached: \(reason.shown)", at: .init(file: url),
      remedy: "check that quoin agent runs there, and that the network lets it through")
  }

  /// That an answer cannot be used.
  func nonsense(_ reason: String) -> Diagnostic {
    Diagnostic(
      .unreachable, "the agent's answer cannot be used: \(reason)", at: .init(file: url),
      remedy: "check that the address is that of a quoin agent of this version")
  }

  /// What the agent says where it does not do as it was asked.
  private func refusal(_ answer: Answer) -> Diagnostic {
    if answer.status == 401 {
      return Diagnostic(
        .unreachable, "the agent refuses the token", at: .init(file: url),
        remedy: "set \(AccessToken.variable) to the agent's token")
    }
    guard let error = try? JSONDecoder().decode(AgentError.self, from: answer.body) else {
      return nonsense("it is HTTP \(answer.status) without a reason")
    }
    switch answer.status {
    case 400, 422: return error.diagnostic(.unusableFile, from: url)
    // An agent may be started again with a higher limit, so that the network is not refused for ever.
    case 413, 500: return error.diagnostic(.failure, from: url)
    default: return error.diagnostic(.unreachable, from: url)
    }
  }
}
