import Foundation

/// Why bytes could not be sent or received.
package enum StreamFailure: Error, Hashable {
  /// The other side closed the connection.
  case closed
  /// The deadline passed.
  case late
  /// What the system says.
  case broken(String)

  /// What the last call of the system says.
  static var ofLastCall: StreamFailure {
    [EPIPE, ECONNRESET].contains(errno) ? .closed : .broken(String(cString: strerror(errno)))
  }
}

/// When waiting ends, on a clock that no time change moves.
package typealias Deadline = ContinuousClock.Instant

extension Deadline {
  /// So many seconds from now.
  package static func after(_ seconds: Double) -> Deadline { .now + .seconds(seconds) }

  /// The milliseconds left, as `poll` takes them.
  fileprivate var milliseconds: Int32 {
    let left = (self - .now).components
    guard left.seconds >= 0, left.attoseconds >= 0 else { return 0 }
    // Rounded up, so that the last wait is not many waits of nothing.
    return Int32(clamping: min(left.seconds, 1 << 20) * 1_000 + left.attoseconds / 1_000_000_000_000_000 + 1)
  }
}

/// A TCP connection on which every wait has an end. It is closed with its last owner.
package final class SocketStream: Sendable {
  private let descriptor: Int32

  /// Takes over a connected socket.
  init(owning descriptor: Int32) {
    self.descriptor = descriptor
    SocketOption.prepare(descriptor)
    SocketOption.noDelay.set(1, on: descriptor)
    // A machine that loses its power or network says nothing. Probes notice it within half a minute, and so does whoever
    // sends to it.
    SocketOption.keepAlive.set(1, on: descriptor)
    SocketOption.keepIdle.set(10, on: descriptor)
    SocketOption.keepInterval.set(5, on: descriptor)
    SocketOption.keepCount.set(4, on: descriptor)
    SocketOption.userTimeout.set(30_000, on: descriptor)
  }

  deinit { close(descriptor) }

  /// Waits for bytes and returns those that are there: at least one, at most `count`.
  package func read(atMost count: Int, until deadline: Deadline) throws(StreamFailure) -> Data {
    var bytes = Data(count: count)
    while true {
      let received = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
      if received > 0 { return bytes.prefix(received) }
      if received == 0 { throw .closed }
      guard Self.isPassing(errno) else { throw .ofLastCall }
      try wait(for: POLLIN, until: deadline)
    }
  }

  /// Sends all bytes.
  package func write(_ data: Data, until deadline: Deadline) throws(StreamFailure) {
    var sent = 0
    while sent < data.count {
      let count = data.withUnsafeBytes { bytes in
        let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
        return send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      if count >= 0 {
        sent += count
        continue
      }
      guard Self.isPassing(errno) else { throw .ofLastCall }
      try wait(for: POLLOUT, until: deadline)
    }
  }

  /// Whether the other side is known to have gone: it closed the connection, or does not answer probes.
  ///
  /// A side that only ended its sending looks the same.
  var isPeerGone: Bool {
    var byte: UInt8 = 0
    let count = recv(descriptor, &byte, 1, Int32(MSG_PEEK) | Int32(MSG_DONTWAIT))
    return count == 0 || (count < 0 && !Self.isPassing(errno))
  }

  /// Says that nothing more will be sent.
  package func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

  /// Receives nothing more; whoever waits for bytes finds the connection closed.
  func endReceiving() { shutdown(descriptor, Int32(SHUT_RD)) }

  /// Ends sending, and reads what the other side still sends for a moment: closing with unread bytes would take the
  /// answer away from a peer that has not read it yet.
  func closeGently(atMost limit: Int = 1 << 20, seconds: Double = 1) {
    endSending()
    let deadline = Deadline.after(seconds)
    var left = limit
    while left > 0, let bytes = try? read(atMost: 1 << 16, until: deadline) { left -= bytes.count }
  }

  /// Waits until the connection is ready to send (`POLLOUT`) or has something to receive (`POLLIN`), or has failed.
  func wait(for events: Int32, until deadline: Deadline) throws(StreamFailure) {
    var request = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    while true {
      guard .now < deadline else { throw .late }
      let count = poll(&request, 1, deadline.milliseconds)
      if count > 0 { return }
      if count < 0, errno != EINTR { throw .ofLastCall }
    }
  }

  /// Whether a call that failed with a code may succeed later.
  private static func isPassing(_ code: Int32) -> Bool { code == EAGAIN || code == EINTR }
}

/// An option of a socket; whether the system knows it decides nothing that would be wrong without it.
struct SocketOption {
  let level: Int32
  let name: Int32

  static let reuseAddress = SocketOption(level: SOL_SOCKET, name: SO_REUSEADDR)
  static let keepAlive = SocketOption(level: SOL_SOCKET, name: SO_KEEPALIVE)
  static let noDelay = SocketOption(level: Int32(IPPROTO_TCP), name: TCP_NODELAY)
  static let keepIdle = SocketOption(level: Int32(IPPROTO_TCP), name: TCP_KEEPIDLE)
  static let keepInterval = SocketOption(level: Int32(IPPROTO_TCP), name: TCP_KEEPINTVL)
  static let keepCount = SocketOption(level: Int32(IPPROTO_TCP), name: TCP_KEEPCNT)
  static let userTimeout = SocketOption(level: Int32(IPPROTO_TCP), name: TCP_USER_TIMEOUT)

  func set(_ value: Int32, on descriptor: Int32) {
    var value = value
    setsockopt(descriptor, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
  }

  /// No call on the socket blocks, and no program that is started later inherits it.
  static func prepare(_ descriptor: Int32) {
    _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
  }
}
