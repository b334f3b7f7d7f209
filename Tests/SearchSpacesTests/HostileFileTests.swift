import Diagnostics
import Foundation
import SearchSpaces
import Tensors
import Testing

@Suite("Hostile space files")
struct HostileFileTests {
  static func message(_ text: String) -> String {
    do {
      _ = try SearchSpace(yaml: text)
      return "a space"
    } catch {
      return (error as? Diagnostic)?.description ?? "another error: \(error)"
    }
  }

  @Test("deep nesting is refused", arguments: ["[", "{a: ", "- ", "? ", "{[", "[{"])
  func nesting(opening: String) {
    for count in [100, 900, 5_000, 100_000] {
      let text = String(repeating: opening, count: count)
      #expect(!Self.message(text).contains("another error"))
      #expect(Self.message("version: 1\nname: \(text)") != "a space")
    }
    let closed = String(repeating: "[", count: 900) + String(repeating: "]", count: 900)
    #expect(Self.message(BadFile.good.replacingOccurrences(of: "10", with: closed)).contains("whole number"))
  }

  @Test("an exponential document is refused before it grows")
  func aliases() {
    var bomb = "a0: &a0 [x, x, x, x, x, x, x, x]\n"
    for level in 1...30 { bomb += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
    #expect(Self.message(bomb).contains("too many aliases"))
    let keys = "a: &a [x, x, x]\nb: &b [*a, *a, *a]\nc: &c [*b, *b, *b]\nd: &d [*c, *c, *c]\n? *d\n: 1\n"
    #expect(Self.message(keys).contains("unknown key"))
    let large = "a: &a [\(String(repeating: "x, ", count: 30_000))x]\nb: *a\n"
    #expect(Self.message(large).contains("too large for aliases"))
  }

  @Test("huge files, lists and numbers are refused")
  func size() {
    #expect(Self.message(String(repeating: "# comment\n", count: 200_000)).contains("the file is too large"))
    let list = "[" + (1...5_000).map(String.init).joined(separator: ", ") + "]"
    #expect(Self.message(BadFile.good.replacingOccurrences(of: "[1, 2]", with: list)).contains("5000 values"))
    let digits = String(repeating: "9", count: 100_000)
    let message = Self.message(
      BadFile.good.replacingOccurrences(of: "classes: 10", with: "classes: \(digits)"))
    #expect(message.contains("this is no whole number"))
    #expect(message.utf8.count < 300)
    let stage = "- {name: a, depth: 64, block: {conv: {channels: 8192, kernel: 31}}}"
    #expect(Self.message(spaceText(stages: "  \(stage)")).contains("too large to train"))
    let stages = (0..<20).map { "  - {name: s\($0), depth: 64, block: {conv: {channels: 8}}}" }
    #expect(Self.message(spaceText(stages: stages.joined(separator: "\n"))).contains("too many blocks"))
    #expect(Self.message(spaceText(stages: stages.joined(separator: "\n") + "\n  - 3")).contains("a mapping"))
  }

  @Test("bytes that are no text are refused")
  func binary() throws {
    var random = RandomSource(seed: 9)
    let path = NSTemporaryDirectory() + "quoin-hostile-\(ProcessInfo.processInfo.processIdentifier).yaml"
    defer { try? FileManager.default.removeItem(atPath: path) }
    for length in [0, 1, 2, 64, 4096] {
      try Data((0..<length).map { _ in UInt8(random.below(256)) }).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: Diagnostic.self) { try SearchSpace.load(path) }
      #expect(error?.exitCode == 65)
      #expect(error?.place?.file == path)
    }
    #expect(Self.message("\u{0}").contains("the file is no YAML"))
    #expect(Self.message("--- 1\n--- 2\n").contains("the file is no YAML"))
    #expect(Self.message("").contains("the file is empty"))
    #expect(Self.message("- 1").contains("a mapping of keys is needed"))
  }

  @Test("a file with any line removed or any word replaced is a space or gets a message")
  func mutations() {
    let lines = BadFile.good.split(separator: "\n", omittingEmptySubsequences: false)
    for position in lines.indices {
      var fewer = lines
      fewer.remove(at: position)
      #expect(!Self.message(fewer.joined(separator: "\n")).contains("another error"))
    }
    var random = RandomSource(seed: 8)
    let scraps = [
      "[", "]", "{", "}", ":", ",", "- ", "-1", "1e99", "0", "64", "true", "~", "*a", "&a", "!!int", "\"",
      "'",
    ]
    for _ in 0..<300 {
      var text = Array(BadFile.good)
      for _ in 0...random.below(3) {
        let start = random.below(text.count)
        text.replaceSubrange(
          start..<min(text.count, start + random.below(4)), with: Array(random.pick(scraps)))
      }
      #expect(!Self.message(String(text)).contains("another error"))
    }
  }
}
