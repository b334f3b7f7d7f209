import Diagnostics
import Foundation

extension SocketStream {
  /// Connects to the first address of a host that accepts.
  ///
  /// - Throws: ``Diagnostic`` where the host is not known, and ``ConnectFailure`` where no address accepts.
  package static func connected(to address: AgentAddress, seconds: Double) throws -> SocketStream {
    var failure = ConnectFailure(isRefused: false, reason: "it has no address")
    let deadline = Deadline.after(seconds)
    for candidate in try ResolvedAddresses(of: address).all {
      do throws(ConnectFailure) { return try connected(to: candidate, until: deadline) } catch { failure = error }
    }
    throw failure
  }

  private static func connected(
    to address: SocketAddress, until deadline: Deadline
  ) throws(ConnectFailure) -> SocketStream {
    let descriptor = socket(address.family, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw ConnectFailure(code: errno) }
    // From here on the stream closes it.
    let stream = SocketStream(owning: descriptor)
    if address.with({ connect(descriptor, $0, $1) }) == 0 { return stream }
    guard errno == EINPROGRESS || errno == EINTR else { throw ConnectFailure(code: errno) }
    do {
      try stream.wait(for: POLLOUT, until: deadline)
    } catch {
      throw error == .late ? ConnectFailure(code: ETIMEDOUT) : ConnectFailure(isRefused: false, reason: "\(error)")
    }
    var (code, length) = (Int32(0), socklen_t(MemoryLayout<Int32>.size))
    getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length)
    guard code == 0 else { throw ConnectFailure(code: code) }
    return stream
  }
}

/// Why a connection was not made.
struct ConnectFailure: Error {
  /// Whether the host answered that nobody listens, which passes where an agent is being started.
  var isRefused: Bool
  /// What the system says.
  var reason: String
}

extension ConnectFailure {
  init(code: Int32) {
    self.init(isRefused: [ECONNREFUSED, ECONNRESET].contains(code), reason: String(cString: strerror(code)))
  }
}

/// A socket that accepts connections.
package final class ListeningSocket: Sendable {
  private let descriptor: Int32
  /// Where it listens, with the port that the system chose.
  let address: String
  /// The port.
  package let port: Int
  /// Whether only programs of this machine reach it.
  let isLoopback: Bool

  /// Listens.
  ///
  /// - Throws: ``Diagnostic`` where the address is not this machine's, or is taken; and what `permits` throws.
  package init(_ wanted: AgentAddress, permits: (_ isLoopback: Bool) throws -> Void = { _ in }) throws {
    let addresses = try ResolvedAddresses(of: wanted, toListen: true)
    guard let chosen = addresses.all.first else { throw Self.unusable(wanted, EADDRNOTAVAIL) }
    isLoopback = chosen.isLoopback
    try permits(isLoopback)
    let descriptor = socket(chosen.family, Int32(SOCK_STREAM.rawValue), 0)
    guard descriptor >= 0 else { throw Self.unusable(wanted, errno) }
    SocketOption.prepare(descriptor)
    // A restarted agent gets its port back at once.
    SocketOption.reuseAddress.set(1, on: descriptor)
    guard chosen.with({ bind(descriptor, $0, $1) }) == 0, listen(descriptor, 64) == 0,
      let bound = SocketAddress(filledBy: { getsockname(descriptor, $0, $1) })
    else {
      let failure = Self.unusable(wanted, errno)
      close(descriptor)
      throw failure
    }
    self.descriptor = descriptor
    (address, port) = (bound.description, bound.port)
  }

  deinit { close(descriptor) }

  /// Waits a moment for the next connection.
  package func accept(seconds: Double) -> (stream: SocketStream, peer: String)? {
    var request = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard poll(&request, 1, Int32(seconds * 1e3)) > 0 else { return nil }
    var accepted: Int32 = -1
    let peer = SocketAddress(filledBy: { address, length in
      accepted = Foundation.accept(descriptor, address, length)
      return accepted
    })
    guard accepted >= 0 else {
      // Without a free descriptor the connection stays where it is; asking for it again at once would keep a core busy.
      if [EMFILE, ENFILE, ENOBUFS, ENOMEM].contains(errno) { usleep(100_000) }
      return nil
    }
    return (SocketStream(owning: accepted), peer?.description ?? "unknown")
  }

  /// Refuses whoever comes from now on, and those who wait.
  func endListening() { shutdown(descriptor, Int32(SHUT_RD)) }

  private static func unusable(_ address: AgentAddress, _ code: Int32) -> Diagnostic {
    Diagnostic(
      .failure, "cannot listen: \(String(cString: strerror(code)))", value: address.description,
      remedy: "another program may use the port; choose one with --listen HOST:PORT")
  }
}
