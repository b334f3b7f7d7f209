import Diagnostics
import Foundation

/// A secret that an agent and its clients share.
public struct AccessToken: Sendable {
  /// The environment variable that holds it.
  public static let variable = "QUOIN_AGENT_TOKEN"
  /// Characters of a token that guards an agent which other machines reach.
  public static let guardingLength = 16

  let text: String

  /// Takes a token.
  ///
  /// - Throws: ``Diagnostic`` where it is empty, longer than 1,024 characters, or holds others than visible ASCII.
  public init(_ text: String) throws {
    guard (1...1_024).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      // The message never shows the token.
      throw Diagnostic(
        .usage, "this cannot be a token", rule: "a token has 1 to 1024 visible ASCII characters without spaces",
        remedy: "make one with: openssl rand -hex 16")
    }
    self.text = text
  }

  /// The token in the first line of a file.
  ///
  /// - Throws: ``Diagnostic`` where the file cannot be read or holds no token.
  public init(file path: String) throws {
    let data = try readFile(path, limit: 4_096)
    do {
      try self.init(String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
    } catch var diagnostic as Diagnostic {
      (diagnostic.category, diagnostic.place) = (.unusableFile, .init(file: path))
      throw diagnostic
    }
  }

  /// The token of the environment.
  ///
  /// - Throws: ``Diagnostic`` where there is none.
  public static func ofEnvironment() throws -> AccessToken {
    guard let text = ProcessInfo.processInfo.environment[variable], !text.isEmpty else {
      throw Diagnostic(
        .usage, "no token for the agent", rule: "an agent and its clients share a token",
        remedy: "set the environment variable \(variable)")
    }
    return try AccessToken(text)
  }

  /// What the `Authorization` field of a request holds.
  package var authorization: String { "Bearer \(text)" }

  /// Whether a request's `Authorization` field holds this token. The time it takes tells nothing about the token.
  package func matches(authorization: String?) -> Bool {
    // Checksums have one length, and nobody can choose a text whose checksum shares digits with another's.
    let (wanted, given) = (sha256(Data(self.authorization.utf8)), sha256(Data((authorization ?? "").utf8)))
    return zip(wanted.utf8, given.utf8).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
  }
}

extension AccessToken: CustomStringConvertible {
  /// Not the token: whatever prints a device or a request stays silent about it.
  public var description: String { "an access token" }
}
