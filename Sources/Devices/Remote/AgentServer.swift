import Diagnostics
import Foundation
import Synchronization

/// Times networks for programs on other machines (`docs/AGENT.md`).
///
///     let server = try AgentServer(listen: "127.0.0.1:7431", token: token, devices: devices)
///     server.run(until: { isInterrupted })
///
/// Every connection has a thread and carries one request. Whatever a client sends or leaves out, memory, threads and time
/// spent on it are bounded by ``AgentLimits``. A general HTTP server was weighed and left: FlyingFox 0.27.1 reads lines of
/// any length and any number of fields, accepts any number of connections and waits for a request for ever.
public final class AgentServer: Sendable {
  /// Where it listens, such as `127.0.0.1:7431`.
  public var address: String { socket.address }
  /// The port, which the system chose where 0 was asked for.
  public var port: Int { socket.port }

  let token: AccessToken
  let devices: [any Device]
  let limits: AgentLimits
  package let queue: MeasurementQueue
  private let socket: ListeningSocket
  private let log: @Sendable (String) -> Void
  /// The connections that are open, by number.
  private let connections = Mutex<[Int: SocketStream]>([:])

  /// Listens; connections wait until ``run(until:)`` is called.
  ///
  /// - Parameters:
  ///   - address: HOST:PORT; the loopback address by default, since the transport is not encrypted.
  ///   - devices: What clients may choose from, with different names.
  ///   - log: Takes a line per request.
  /// - Throws: ``Diagnostic`` where the address cannot be listened on, or other machines would reach it with a short token.
  public init(
    listen address: String = "127.0.0.1:7431", token: AccessToken, devices: [any Device],
    limits: AgentLimits = AgentLimits(), log: @escaping @Sendable (String) -> Void = { _ in }
  ) throws {
    socket = try ListeningSocket(AgentAddress(address)) { isLoopback in
      guard isLoopback || token.text.utf8.count >= AccessToken.guardingLength else {
        throw Diagnostic(
          .usage, "the token is too short", value: address,
          rule: "an agent that other machines reach has a token of at least \(AccessToken.guardingLength) characters",
          remedy: "make one with: openssl rand -hex 16")
      }
    }
    (self.token, self.devices, self.limits, self.log) = (token, devices, limits, log)
    queue = MeasurementQueue(waiting: limits.waiting, bytes: 2 * limits.bytes)
  }

  /// Serves until it is told to stop; then a measurement under way is finished and answered, and others are dropped.
  public func run(until isStopped: () -> Bool) {
    var number = 0
    while !isStopped() {
      guard let (stream, peer) = socket.accept(seconds: 0.1) else { continue }
      number += 1
      let isWelcome = connections.withLock { open in
        guard open.count < limits.connections else { return false }
        open[number] = stream
        return true
      }
      // Further connections are closed at once, without a thread.
      if isWelcome {
        serve(stream, peer, number)
      } else {
        log("\(peer) refused: \(limits.connections) connections are open")
      }
    }
    socket.endListening()
    queue.close()
    connections.withLock { open in for stream in open.values { stream.endReceiving() } }
    while connections.withLock({ !$0.isEmpty }) { usleep(10_000) }
  }

  private func serve(_ stream: SocketStream, _ peer: String, _ number: Int) {
    let thread = Thread { [self] in
      AgentConnection(server: self, stream: stream, peer: peer).serve(log: log)
      connections.withLock { open in _ = open.removeValue(forKey: number) }
    }
    // Reading deeply nested networks takes more than the default.
    thread.stackSize = 8 << 20
    thread.start()
  }
}
