import ArgumentParser

/// Refuses an empty path, such as a shell makes of a variable that is not set.
func requirePath(_ path: String?, _ option: String) throws {
  guard path?.isEmpty == true else { return }
  throw ValidationError("\(option) is a path, not ''")
}
