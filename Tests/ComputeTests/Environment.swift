import Foundation

/// The value of an environment variable of this process.
func environmentValue(_ name: String) -> String? { ProcessInfo.processInfo.environment[name] }
