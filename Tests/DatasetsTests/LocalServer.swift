import Foundation
import Glibc
import Synchronization

/// A small HTTP server on the loopback interface that can be told to misbehave.
final class LocalServer: Sendable {
  /// What it does with a request for one file.
  enum Behaviour: Sendable {
    /// Serves the bytes, and any range of them.
    case honest([UInt8])
    /// Serves everything whatever range is asked for.
    case wholeOnly([UInt8])
    /// Announces the whole and closes the connection after so many bytes.
    case breaking([UInt8], after: Int)
    /// Sends so many bytes and then nothing, until the other side hangs up.
    case stalling([UInt8], after: Int)
    /// Answers a range with one that starts elsewhere.
    case shifted([UInt8])
    /// Answers with a status and an error page.
    case status(Int)
  }

  private let socketDescriptor: Int32
  private let port: UInt16
  private let behaviours: Mutex<[String: Behaviour]>
  private let ranges = Mutex<[String]>([])

  /// The server's address.
  var base: String { "http://127.0.0.1:\(port)" }

  /// The `Range` headers of all requests so far, empty where a request had none.
  var requestedRanges: [String] { ranges.withLock { $0 } }

  init(_ behaviours: [String: Behaviour]) throws {
    self.behaviours = Mutex(behaviours)
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        bind(descriptor, pointer, length) == 0 && listen(descriptor, 16) == 0
          && getsockname(descriptor, pointer, &length) == 0
      }
    }
    guard status else { throw POSIXError(.EADDRNOTAVAIL) }
    socketDescriptor = descriptor
    port = UInt16(bigEndian: address.sin_port)
    Thread.detachNewThread { [weak self] in
      while true {
        let connection = accept(descriptor, nil, nil)
        guard connection >= 0 else { return }
        self?.answer(connection)
        close(connection)
      }
    }
  }

  deinit {
    shutdown(socketDescriptor, Int32(SHUT_RDWR))
    close(socketDescriptor)
  }

  func behave(_ behaviour: Behaviour, at path: String) { behaviours.withLock { $0[path] = behaviour } }

  private func answer(_ connection: Int32) {
    let lines = request(connection).components(separatedBy: "\r\n")
    let parts = lines[0].split(separator: " ")
    guard parts.count >= 2 else { return }
    let range = lines.first { $0.lowercased().hasPrefix("range:") }.map { String($0.dropFirst(6)) } ?? ""
    ranges.withLock { $0.append(range.trimmingCharacters(in: .whitespaces)) }
    let first =
      range.components(separatedBy: "=").last.flatMap { Int($0.trimmingCharacters(in: ["-", " "])) } ?? 0
    let behaviour = behaviours.withLock { $0[String(parts[1].dropFirst())] } ?? .status(404)
    serve(behaviour, from: first, to: connection)
  }

  private func serve(_ behaviour: Behaviour, from first: Int, to connection: Int32) {
    switch behaviour {
    case .honest(let bytes): partial(bytes, from: first, claiming: first, limit: .max, to: connection)
    case .stalling(let bytes, let limit):
      partial(bytes, from: first, claiming: first, limit: limit, to: connection)
      var byte: UInt8 = 0
      _ = read(connection, &byte, 1)
    case .breaking(let bytes, let limit):
      partial(bytes, from: first, claiming: first, limit: limit, to: connection)
    case .shifted(let bytes):
      partial(bytes, from: first, claiming: first == 0 ? 0 : first - 1, limit: .max, to: connection)
    case .wholeOnly(let bytes): partial(bytes, from: 0, claiming: 0, limit: .max, to: connection)
    case .status(let code):
      send("HTTP/1.1 \(code) No\r\nContent-Length: 5\r\nConnection: close\r\n\r\nsorry", to: connection)
    }
  }

  private func partial(
    _ bytes: [UInt8], from first: Int, claiming claimed: Int, limit: Int, to connection: Int32
  ) {
    guard first < bytes.count else {
      return send("HTTP/1.1 416 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", to: connection)
    }
    let body = bytes[first...]
    let status = first == 0 ? "200 OK" : "206 Partial Content"
    let range = first == 0 ? "" : "Content-Range: bytes \(claimed)-\(bytes.count - 1)/\(bytes.count)\r\n"
    send(
      "HTTP/1.1 \(status)\r\nContent-Length: \(body.count)\r\n\(range)Connection: close\r\n\r\n",
      to: connection)
    send(Array(body.prefix(limit)), to: connection)
  }

  private func request(_ connection: Int32) -> String {
    var text: [UInt8] = []
    var byte: UInt8 = 0
    while !text.suffix(4).elementsEqual([13, 10, 13, 10]), text.count < 65_536,
      read(connection, &byte, 1) == 1
    {
      text.append(byte)
    }
    return String(decoding: text, as: UTF8.self)
  }

  private func send(_ text: String, to connection: Int32) { send(Array(text.utf8), to: connection) }

  private func send(_ bytes: [UInt8], to connection: Int32) {
    let flags = Int32(MSG_NOSIGNAL)
    var offset = 0
    while offset < bytes.count {
      let count = bytes.withUnsafeBytes {
        Glibc.send(connection, $0.baseAddress?.advanced(by: offset), $0.count - offset, flags)
      }
      guard count > 0 else { return }
      offset += count
    }
  }
}
