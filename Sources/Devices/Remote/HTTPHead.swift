import Foundation

/// What is wrong with a message, as the status that answers it.
package struct HTTPFault: Error, Hashable {
  /// A status code from 400 on.
  package var status: Int
  /// A few words.
  var problem: String
  /// The method that a resource has.
  var allowed: String? = nil
}

/// The start line and the fields of an HTTP/1.1 message (RFC 9112), within limits.
///
/// Reading is strict: what two programs might read differently, such as a line that a bare line feed ends or a length that
/// stands twice, is a fault.
package struct HTTPHead: Hashable, Sendable {
  /// Bytes of a head at most.
  package static let byteLimit = 16 << 10
  /// Fields of a head at most.
  package static let fieldLimit = 64

  /// The three parts of the first line: method, target and version, or version, status and phrase.
  package let startLine: [String]
  /// The fields' values by lower-case name.
  package let fields: [String: String]

  /// Reads the bytes before the empty line.
  package init(_ bytes: Data) throws(HTTPFault) {
    func fault(_ problem: String) -> HTTPFault { HTTPFault(status: 400, problem: problem) }
    guard bytes.allSatisfy({ (0x20...0x7e).contains($0) || [0x09, 0x0d, 0x0a].contains($0) }) else {
      throw fault("the head of the message holds other bytes than printable ASCII")
    }
    let text = String(decoding: bytes, as: UTF8.self)
    // A pair of carriage return and line feed is one character in Swift, a bare one another.
    var lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
    guard lines.allSatisfy({ !$0.contains(where: \.isNewline) }) else {
      throw fault("a line of the head does not end with CR LF")
    }
    startLine = lines.removeFirst().split(separator: " ", maxSplits: 2, omittingEmptySubsequences: false).map(
      String.init)
    guard lines.count <= Self.fieldLimit else {
      throw HTTPFault(status: 431, problem: "the message has more than \(Self.fieldLimit) fields")
    }
    var fields: [String: String] = [:]
    for line in lines {
      let parts = line.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, parts[0].allSatisfy(Self.isNameCharacter) else {
        throw fault("a field of the head is not NAME: VALUE")
      }
      let name = parts[0].lowercased()
      let value = parts[1].trimmingCharacters(in: .whitespaces)
      guard fields.updateValue(value, forKey: name) == nil || !Self.single.contains(name) else {
        throw fault("the field \(name) stands twice")
      }
    }
    self.fields = fields
  }

  /// Fields that decide where the message ends or who may send it.
  private static let single: Set = ["content-length", "transfer-encoding", "authorization", "host"]

  private static func isNameCharacter(_ character: Character) -> Bool {
    character.isLetter || character.isNumber || "!#$%&'*+-.^_`|~".contains(character)
  }

  /// The length of the body; `nil` where none is stated.
  ///
  /// - Throws: ``HTTPFault`` for a length that is no number, and for bodies whose length is not stated first.
  package func contentLength() throws(HTTPFault) -> Int? {
    guard fields["transfer-encoding"] == nil else {
      throw HTTPFault(status: 411, problem: "the body's length is not stated: Transfer-Encoding is not supported")
    }
    guard let text = fields["content-length"] else { return nil }
    // At most 18 digits, so that no number overflows.
    guard text.count <= 18, text.allSatisfy(\.isWholeNumber), let length = Int(text) else {
      throw HTTPFault(status: 400, problem: "Content-Length is no number of bytes")
    }
    return length
  }
}

/// Reads messages from a connection, never more than asked for and never for longer.
struct HTTPReader {
  let stream: SocketStream
  /// Bytes that arrived after what was read.
  private var buffer = Data()

  init(_ stream: SocketStream) { self.stream = stream }

  /// Reads up to the empty line that ends a head.
  ///
  /// - Throws: ``HTTPFault`` for a head that is too long or malformed, ``StreamFailure`` for a connection that ends or a
  ///   sender that is too slow.
  mutating func head(until deadline: Deadline) throws -> HTTPHead {
    let end = Data("\r\n\r\n".utf8)
    var searched = buffer.startIndex
    while true {
      if let range = buffer.range(of: end, in: searched..<buffer.endIndex) {
        let head = try HTTPHead(buffer[..<range.lowerBound])
        buffer = Data(buffer[range.upperBound...])
        return head
      }
      searched = max(buffer.startIndex, buffer.endIndex - end.count + 1)
      guard buffer.count < HTTPHead.byteLimit else {
        throw HTTPFault(status: 431, problem: "the head of the message has more than \(HTTPHead.byteLimit) bytes")
      }
      buffer += try stream.read(atMost: HTTPHead.byteLimit - buffer.count, until: deadline)
    }
  }

  /// Reads a body of `length` bytes.
  ///
  /// - Throws: ``StreamFailure`` where the connection ends before, or the sender is too slow.
  mutating func body(length: Int, until deadline: Deadline) throws(StreamFailure) -> Data {
    var body = Data(capacity: length)
    body += buffer.prefix(length)
    buffer = Data(buffer.dropFirst(length))
    while body.count < length {
      body += try stream.read(atMost: min(1 << 18, length - body.count), until: deadline)
    }
    return body
  }
}

/// What is sent over HTTP/1.1: one message per connection.
struct HTTPMessage: Sendable {
  /// Such as `HTTP/1.1 200 OK`.
  var startLine: String
  /// Fields besides the length.
  var fields: [(name: String, value: String)] = []
  /// The body.
  var body = Data()

  /// The bytes of the head.
  var head: Data {
    let lines = fields.map { "\($0.name): \($0.value)\r\n" }.joined()
    return Data("\(startLine)\r\n\(lines)Content-Length: \(body.count)\r\nConnection: close\r\n\r\n".utf8)
  }
}
