import Diagnostics
import Foundation
import Interchange
import Networks

/// A device of another machine, where `quoin agent` runs.
///
/// Networks are sent as ONNX files and timed there by that machine's protocol.
public struct RemoteDevice: Device {
  /// The name that a user chooses it by.
  public let name: String
  /// What the agent says its latencies depend on.
  public let fingerprint: DeviceFingerprint
  /// The other machine times by rules of its own.
  public var takesRules: Bool { false }
  /// The device's name on its own machine.
  private let device: String
  private let client: AgentClient

  /// Asks the agent for the device.
  ///
  /// - Parameters:
  ///   - name: The name that a user chooses it by.
  ///   - url: Where the agent listens, such as `http://lab-3:7431`.
  ///   - device: The device's name there, such as `cpu-1t`.
  ///   - token: The secret that the agent was started with.
  ///   - patience: How long to wait, and how often to ask.
  /// - Throws: ``Diagnostic`` of the category `unreachable` where the agent gives no answer that can be used, and of the
  ///   category `usage` where the address is none or the agent has no such device.
  public init(
    name: String, url: String, device: String, token: AccessToken, patience: AgentPatience = AgentPatience()
  ) throws {
    try self.init(name: name, address: Self.address(url), device: device, token: token, patience: patience)
  }

  private init(
    name: String, address: AgentAddress, device: String, token: AccessToken, patience: AgentPatience = AgentPatience()
  ) throws {
    client = AgentClient(address: address, token: token, patience: patience)
    let devices = try client.devices()
    guard let found = devices.first(where: { $0.name == device }) else {
      let names = devices.map(\.name)
      throw Diagnostic(
        .usage, "the agent has no such device", at: .init(file: client.url), value: device,
        rule: names.isEmpty ? "it has none" : "it has \(names.joined(separator: ", "))",
        nearest: nearestName(to: device, among: names))
    }
    (self.name, self.device, fingerprint) = (name, device, found.fingerprint)
  }

  /// The device of an address such as `http://lab-3:7431/cpu-1t`, which is its name, with the environment's token.
  ///
  /// - Throws: ``Diagnostic`` as above, or where there is no token.
  init(url: String) throws {
    let parts = url.split(separator: "/", maxSplits: 3, omittingEmptySubsequences: false)
    guard parts.count == 4, !parts[3].isEmpty else {
      throw Diagnostic(
        .usage, "the address names no device", value: url,
        rule: "a device of another machine is http://HOST:PORT/DEVICE, such as http://lab-3:7431/cpu-1t")
    }
    try self.init(
      name: url, address: Self.address(parts.prefix(3).joined(separator: "/")), device: String(parts[3]),
      token: .ofEnvironment())
  }

  /// Whether a name is an address.
  static func isAddress(_ name: String) -> Bool { name.contains("://") }

  private static func address(_ url: String) throws -> AgentAddress {
    guard url.hasPrefix("http://") else {
      throw Diagnostic(
        .usage, "this is not an agent's address", value: url, rule: "it begins with http://",
        remedy: "agents do not encrypt: forward a port with ssh -L and use http://127.0.0.1:PORT")
    }
    let rest = url.dropFirst("http://".count)
    return try AgentAddress(String(rest.hasSuffix("/") ? rest.dropLast() : rest))
  }

  /// Lets the agent time the network.
  ///
  /// - Throws: ``Diagnostic`` of the category `unreachable` where the agent cannot be reached any more, answers nonsense,
  ///   or has become another device; of others where the device cannot run the network.
  public func measure(_ network: Network, weights: Weights) throws -> LatencySummary {
    let answer = try client.measurement(of: ONNX.export(network, weights: weights), on: device)
    guard answer.device.name == device, answer.device.fingerprint == fingerprint else {
      throw client.nonsense("it is of another device than before; start the program again to use that")
    }
    guard var summary = answer.summary else { throw client.nonsense("its numbers are not those of a measurement") }
    // The agent fused the network anew, so that operators may be called by another one of the names that they were fused from.
    summary.operators = summary.operators.map(OperatorAttribution(network).sums(of:))
    return summary
  }
}
