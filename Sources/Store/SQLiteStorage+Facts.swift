import Foundation
import GRDB
import Search

extension SQLiteStorage {
  /// Records a fact unless one stands, and returns the one that stands.
  @discardableResult public func record(fact json: String, kind: String, key: String) throws -> String {
    try StorageRule.checkFact(json, kind: kind, key: key)
    return try write { database in
      if let standing = try fact(kind, key, database) { return standing }
      try database.execute(
        sql: "INSERT INTO fact (kind, key, json) VALUES (?, ?, ?)", arguments: [kind, key, json])
      return json
    }
  }

  /// The fact of a kind and key, or `nil`.
  public func fact(kind: String, key: String) throws -> String? { try read { try fact(kind, key, $0) } }

  private func fact(_ kind: String, _ key: String, _ database: Database) throws -> String? {
    try String.fetchOne(
      database, sql: "SELECT json FROM fact WHERE kind = ? AND key = ?", arguments: [kind, key])
  }

  /// All facts of a kind, by key.
  public func facts(ofKind kind: String) throws -> [String: String] {
    try read { database in
      let rows = try Row.fetchAll(
        database, sql: "SELECT key, json FROM fact WHERE kind = ?", arguments: [kind])
      return try rows.reduce(into: [:]) {
        $0[try $1.decode(forColumn: "key")] = try $1.decode(forColumn: "json")
      }
    }
  }
}
