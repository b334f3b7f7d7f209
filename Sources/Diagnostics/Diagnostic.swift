/// Something that went wrong, as facts; `description` is the only place that turns them into a sentence.
///
/// Every room throws this type for whatever a user can act on. A good diagnostic fills in as many facts as it
/// knows: what was being read, where, the offending value, the rule that it breaks, the legal values or the
/// nearest one, and the next step.
///
///     throw Diagnostic(
///       .unusableFile, "unknown key", at: .init(file: "a.yaml", line: 3, path: "stages[0]"),
///       value: "kernal", rule: "a block has channels, kernel, expand", nearest: "kernel")
public struct Diagnostic: Error, Hashable, Sendable {
  /// What kind of failure it is; decides the exit code of the command line.
  public enum Category: Sendable, Hashable {
    /// The request is well formed but cannot be met, such as a budget below the fastest network (exit code 2).
    case infeasible
    /// The command was called wrongly (exit code 64).
    case usage
    /// A file or its content cannot be used (exit code 65).
    case unusableFile
    /// The user interrupted the work (exit code 130).
    case interrupted
    /// Another machine does not answer, or not as it should, so that what it was asked for is not known (exit code 1).
    case unreachable
    /// A device cannot run a network, however often it is asked (exit code 1).
    case unsupported
    /// Anything else (exit code 1).
    case failure
  }

  /// A place in a file.
  public struct Place: Sendable, Hashable {
    /// The file's path as the user gave it.
    public var file: String?
    /// The line, counted from 1.
    public var line: Int?
    /// A path of keys inside the file, such as `stages[1].block.kernel`, or the name of a node.
    public var path: String?

    /// Creates a place; what is not known stays `nil`.
    public init(file: String? = nil, line: Int? = nil, path: String? = nil) {
      self.file = file
      self.line = line
      self.path = path
    }
  }

  /// What kind of failure it is.
  public var category: Category
  /// What is wrong, in a few words without a full stop.
  public var problem: String
  /// Where it is wrong.
  public var place: Place?
  /// The offending value as the user wrote it.
  public var value: String?
  /// The rule that the value breaks.
  public var rule: String?
  /// The legal value that is spelled most like the offending one.
  public var nearest: String?
  /// What to do next.
  public var remedy: String?

  /// Creates a diagnostic from its facts.
  public init(
    _ category: Category, _ problem: String, at place: Place? = nil, value: String? = nil, rule: String? = nil,
    nearest: String? = nil, remedy: String? = nil
  ) {
    self.category = category
    self.problem = problem
    self.place = place
    self.value = value
    self.rule = rule
    self.nearest = nearest
    self.remedy = remedy
  }

  /// The process's exit code for this failure.
  public var exitCode: Int32 {
    switch category {
    case .infeasible: 2
    case .usage: 64
    case .unusableFile: 65
    case .interrupted: 130
    case .unreachable, .unsupported, .failure: 1
    }
  }
}

extension Diagnostic: CustomStringConvertible {
  /// One line: place, problem, value, rule, nearest legal value, next step.
  public var description: String {
    var text = ""
    if let place {
      if let file = place.file { text += file + ":" }
      if let line = place.line { text += "\(line):" }
      if !text.isEmpty { text += " " }
      if let path = place.path, !path.isEmpty { text += "\(path): " }
    }
    text += problem
    if let value { text += " '\(Self.shortened(value))'" }
    if let rule { text += "; \(rule)" }
    if let nearest { text += "; did you mean '\(nearest)'?" }
    if let remedy { text += (text.hasSuffix("?") ? " " : "; ") + remedy }
    return text
  }

  /// Hostile files hold values of any length; a message does not.
  private static func shortened(_ value: String) -> String {
    value.count <= 80 ? value : value.prefix(77) + "..."
  }
}
