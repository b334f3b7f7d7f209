import Diagnostics
import Foundation
import Search

/// Expensive results of one experiment in a storage: what was found once is never computed again, which makes a rerun a
/// resumption.
struct FactMemory {
  let storage: any StudyStorage
  /// What the results depend on beside their key, as a text that is equal for equal circumstances.
  let identity: String
  /// The start of the identity's hash, which every key begins with.
  private let scope: String

  init(_ storage: any StudyStorage, identity: String) {
    (self.storage, self.identity) = (storage, identity)
    scope = String(sha256(Data(identity.utf8)).prefix(16))
  }

  func callAsFunction<Value: Codable>(_ kind: String, _ key: String, _ compute: () throws -> Value) throws -> Value {
    try storage.memoised(kind: kind, key: "\(scope)/\(key)", compute)
  }

  /// Whether a result is there already.
  func isKnown(_ kind: String, _ key: String) throws -> Bool {
    try storage.fact(kind: kind, key: "\(scope)/\(key)") != nil
  }
}
