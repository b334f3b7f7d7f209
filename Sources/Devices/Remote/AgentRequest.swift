import Foundation

/// What a client asks of an agent.
enum AgentRequest: Hashable {
  /// `GET /devices`
  case devices
  /// `POST /measure?device=NAME` with a body of so many bytes.
  case measure(device: String, bytes: Int)

  /// Reads a head whose sender is known to hold the token.
  ///
  /// - Throws: ``HTTPFault`` with the status of what is wrong.
  init(_ head: HTTPHead, byteLimit: Int) throws(HTTPFault) {
    let (path, query) = try Self.target(head)
    let length = try head.contentLength()
    switch path {
    case "/devices":
      try Self.require("GET", head)
      guard length ?? 0 == 0 else { throw HTTPFault(status: 413, problem: "this request has no body") }
      self = .devices
    case "/measure":
      try Self.require("POST", head)
      guard let device = query["device"] else {
        throw HTTPFault(status: 400, problem: "the device is missing: POST /measure?device=NAME")
      }
      guard let length else { throw HTTPFault(status: 411, problem: "Content-Length is missing") }
      guard length <= byteLimit else {
        throw HTTPFault(
          status: 413,
          problem: "the network has \(length) bytes, the agent accepts \(byteLimit); its --max-mebibytes raises that")
      }
      self = .measure(device: device, bytes: length)
    default:
      throw HTTPFault(status: 404, problem: "no such resource: there are GET /devices and POST /measure?device=NAME")
    }
  }

  /// The path and the parameters behind it.
  private static func target(_ head: HTTPHead) throws(HTTPFault) -> (path: String, query: [String: String]) {
    guard head.startLine.count == 3, head.startLine[1].hasPrefix("/") else {
      throw HTTPFault(status: 400, problem: "the first line is not METHOD /PATH HTTP/1.1")
    }
    guard ["HTTP/1.1", "HTTP/1.0"].contains(head.startLine[2]) else {
      throw HTTPFault(status: 505, problem: "the agent speaks HTTP/1.1")
    }
    let parts = head.startLine[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    var query: [String: String] = [:]
    for pair in parts.dropFirst().first?.split(separator: "&") ?? [] {
      let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      query[String(sides[0])] = sides.count == 2 ? sides[1].removingPercentEncoding : ""
    }
    return (String(parts[0]), query)
  }

  private static func require(_ method: String, _ head: HTTPHead) throws(HTTPFault) {
    guard head.startLine[0] == method else {
      throw HTTPFault(status: 405, problem: "the method of this resource is \(method)", allowed: method)
    }
  }
}
