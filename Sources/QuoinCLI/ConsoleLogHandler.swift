import Logging

/// Writes log messages as lines on standard error, between the progress.
struct ConsoleLogHandler: LogHandler {
  var metadataProvider: Logger.MetadataProvider?
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  func log(event: LogEvent) {
    Console.note(event.level >= .warning ? "\(event.level): \(event.message)" : "\(event.message)")
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }
}
