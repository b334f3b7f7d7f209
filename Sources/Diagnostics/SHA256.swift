import CCrypto
import Foundation

/// A running SHA-256 checksum.
///
///     var checksum = SHA256Checksum()
///     checksum.update(with: data)
///     let text = checksum.finish()     // 64 hexadecimal digits
public struct SHA256Checksum: ~Copyable {
  private let state: OpaquePointer

  /// Starts an empty checksum.
  public init() {
    guard let state = quoin_sha256_create() else { fatalError("out of memory for 100 bytes: nothing can go on") }
    self.state = state
  }

  /// Adds bytes.
  public borrowing func update(with data: Data) {
    data.withUnsafeBytes { quoin_sha256_update(state, $0.baseAddress, $0.count) }
  }

  /// Ends the checksum and returns it as lower-case hexadecimal digits.
  public consuming func finish() -> String {
    var digest = [UInt8](repeating: 0, count: 32)
    quoin_sha256_finish(state, &digest)
    discard self
    return digest.map { byte in
      let digits = String(byte, radix: 16)
      return digits.count == 1 ? "0" + digits : digits
    }.joined()
  }

  deinit {
    var digest = [UInt8](repeating: 0, count: 32)
    quoin_sha256_finish(state, &digest)
  }
}

/// The SHA-256 of `data` as lower-case hexadecimal digits.
public func sha256(_ data: Data) -> String {
  let checksum = SHA256Checksum()
  checksum.update(with: data)
  return checksum.finish()
}
