import Foundation

/// The folder of shared data sets beside the checkout, or `nil` where a test that needs it must skip.
public func sharedData(_ name: String) -> String? {
  let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()
  let path = root.deletingLastPathComponent().appendingPathComponent("shared/data/\(name)").path
  return FileManager.default.fileExists(atPath: path) ? path : nil
}

/// The path of a file in Tests/Fixtures.
public func fixture(_ name: String) -> String {
  URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("Fixtures/\(name)").path
}
