import Diagnostics
import Foundation

/// A host and a port, as in `127.0.0.1:7431`, `[::1]:7431` or `lab-3`.
package struct AgentAddress: Hashable, Sendable {
  /// The port of an agent where none is named.
  static let defaultPort = 7431

  /// The host's name, or its address without brackets.
  package let host: String
  /// From 0, which lets the system choose, to 65535.
  package let port: Int

  /// Reads an address.
  ///
  /// - Throws: ``Diagnostic`` where the text is none.
  package init(_ text: String) throws {
    guard let (host, port) = Self.parts(of: text) else {
      throw Diagnostic(
        .usage, "this is not an address", value: text,
        rule: "an address is HOST:PORT, such as 127.0.0.1:\(Self.defaultPort) or [::1]:\(Self.defaultPort)")
    }
    (self.host, self.port) = (host, port)
  }

  private static func parts(of text: String) -> (host: String, port: Int)? {
    // Colons belong to an address of version 6 inside brackets.
    let match = text.wholeMatch(of: /(?:\[([0-9A-Fa-f:.]{2,45})\]|([A-Za-z0-9._\-]{1,253}))(?::([0-9]{1,5}))?/)
    guard let match, let host = match.output.1 ?? match.output.2 else { return nil }
    guard let digits = match.output.3 else { return (String(host), defaultPort) }
    guard let port = Int(digits), port <= 65_535 else { return nil }
    return (String(host), port)
  }
}

extension AgentAddress: CustomStringConvertible {
  package var description: String { (host.contains(":") ? "[\(host)]" : host) + ":\(port)" }
}

/// The addresses that the system knows for a host and a port. They live as long as the list.
final class ResolvedAddresses {
  private let first: UnsafeMutablePointer<addrinfo>?

  /// Looks a host up.
  ///
  /// - Throws: ``Diagnostic`` of the category `unreachable` where the name is not known.
  init(of address: AgentAddress, toListen: Bool = false) throws {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV | (toListen ? AI_PASSIVE : 0)
    var list: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(address.host, String(address.port), &hints, &list)
    guard code == 0, list != nil else {
      throw Diagnostic(
        .unreachable, "the host is not known: \(String(cString: gai_strerror(code)))", value: address.host,
        remedy: "check its name, or use its address")
    }
    first = list
  }

  deinit { freeaddrinfo(first) }

  /// The addresses in the system's order of preference.
  var all: [SocketAddress] {
    var (addresses, entry) = ([SocketAddress](), first)
    while let info = entry?.pointee {
      if let address = info.ai_addr { addresses.append(SocketAddress(address, length: info.ai_addrlen)) }
      entry = info.ai_next
    }
    return addresses
  }
}

/// An address of a socket.
struct SocketAddress {
  private var storage = sockaddr_storage()
  private var length: socklen_t

  /// Copies an address.
  init(_ address: UnsafePointer<sockaddr>, length: socklen_t) {
    self.length = min(length, socklen_t(MemoryLayout<sockaddr_storage>.size))
    withUnsafeMutableBytes(of: &storage) {
      $0.copyMemory(from: UnsafeRawBufferPointer(start: address, count: Int(self.length)))
    }
  }

  /// What a call of the system fills in, such as `getsockname`; `nil` where it fails.
  init?(filledBy call: (UnsafeMutablePointer<sockaddr>, UnsafeMutablePointer<socklen_t>) -> Int32) {
    var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
    let code = withUnsafeMutablePointer(to: &storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, &length) }
    }
    self.length = length
    guard code >= 0 else { return nil }
  }

  var family: Int32 { Int32(storage.ss_family) }

  /// Hands the address to a call of the system.
  func with<Result>(_ call: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
    withUnsafePointer(to: storage) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { call($0, length) }
    }
  }

  /// Whether only programs of this machine reach it.
  var isLoopback: Bool {
    withUnsafeBytes(of: storage) { bytes in
      switch family {
      case AF_INET: bytes[4] == 127
      case AF_INET6: bytes[8..<23].allSatisfy { $0 == 0 } && bytes[23] == 1
      default: false
      }
    }
  }

  /// The port.
  var port: Int { withUnsafeBytes(of: storage) { Int($0[2]) << 8 | Int($0[3]) } }
}

extension SocketAddress: CustomStringConvertible {
  /// Such as `127.0.0.1:7431`; the address alone, never a name that somebody else chose.
  var description: String {
    var host = [CChar](repeating: 0, count: Int(NI_MAXHOST))
    let code = with { getnameinfo($0, $1, &host, socklen_t(host.count), nil, 0, NI_NUMERICHOST) }
    guard code == 0 else { return "unknown" }
    let name = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    return (family == AF_INET6 ? "[\(name)]" : name) + ":\(port)"
  }
}
