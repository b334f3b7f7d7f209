import ArgumentParser
import Diagnostics
import Foundation

/// Refuses an empty path, such as a shell makes of a variable that is not set.
func requirePath(_ path: String?, _ option: String) throws {
  guard path?.isEmpty == true else { return }
  throw ValidationError("\(option) is a path, not ''")
}

/// Refuses a file in a folder that is not there, before any work is done for it: a mistyped path is more likely than the
/// wish for a new folder. Folders that are named themselves are created.
func requireFolder(of file: String, _ option: String) throws {
  let folder = URL(fileURLWithPath: file).deletingLastPathComponent().path
  var isFolder: ObjCBool = false
  guard !FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder) || !isFolder.boolValue else { return }
  throw Diagnostic(
    .usage, "the folder of a file that is to be written is not there", at: .init(file: file),
    value: folder, rule: "\(option) names a file in a folder that exists", remedy: "create the folder first")
}
