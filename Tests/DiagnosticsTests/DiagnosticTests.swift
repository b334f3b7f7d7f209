import Diagnostics
import Testing

@Suite("Diagnostics")
struct DiagnosticTests {
  @Test("all facts stand in one line: place, problem, value, rule, nearest, remedy")
  func everyFact() {
    let diagnostic = Diagnostic(
      .unusableFile, "unknown key", at: .init(file: "a.yaml", line: 3, path: "stages[0]"), value: "kernal",
      rule: "a block has channels, kernel, expand", nearest: "kernel", remedy: "see searchspaces/")
    #expect(
      diagnostic.description
        == "a.yaml:3: stages[0]: unknown key 'kernal'; a block has channels, kernel, expand; did you mean 'kernel'? "
        + "see searchspaces/")
  }

  @Test(
    "facts that are not known leave no trace",
    arguments: [
      (Diagnostic(.failure, "it broke"), "it broke"),
      (Diagnostic(.failure, "it broke", at: .init()), "it broke"),
      (Diagnostic(.failure, "it broke", at: .init(file: "f")), "f: it broke"),
      (Diagnostic(.failure, "it broke", at: .init(path: "node")), "node: it broke"),
      (Diagnostic(.failure, "it broke", at: .init(line: 4, path: "")), "4: it broke"),
      (Diagnostic(.failure, "bad", value: "", remedy: "try again"), "bad ''; try again"),
      (Diagnostic(.failure, "bad", nearest: "good"), "bad; did you mean 'good'?"),
    ])
  func partial(diagnostic: Diagnostic, text: String) {
    #expect(diagnostic.description == text)
  }

  @Test("long values are shortened")
  func longValues() {
    let text = Diagnostic(.failure, "bad", value: String(repeating: "x", count: 10_000)).description
    #expect(text == "bad '" + String(repeating: "x", count: 77) + "...'")
    let whole = String(repeating: "y", count: 80)
    #expect(Diagnostic(.failure, "bad", value: whole).description == "bad '\(whole)'")
  }

  @Test("the category decides the exit code")
  func exitCodes() {
    let codes: [(Diagnostic.Category, Int32)] = [
      (.infeasible, 2), (.usage, 64), (.unusableFile, 65), (.interrupted, 130), (.unreachable, 1), (.failure, 1),
    ]
    for (category, code) in codes { #expect(Diagnostic(category, "").exitCode == code) }
  }
}

@Suite("Nearest names")
struct NearestNameTests {
  private let names = ["kernel", "channels", "expand", "se", "Conv", "ConvTranspose"]

  @Test(
    "the name that is spelled most like it is found, and nothing where none is close",
    arguments: [
      ("kernal", "kernel"), ("kenrel", "kernel"), ("KERNEL", "kernel"), ("chanels", "channels"), ("expnad", "expand"),
      ("es", "se"), ("s", "se"), ("conv", "Conv"), ("convtranpose", "ConvTranspose"), ("", nil), ("xyz", nil),
      ("stride", nil),
    ] as [(String, String?)])
  func nearest(wanted: String, expected: String?) {
    #expect(nearestName(to: wanted, among: names) == expected)
  }

  @Test("of equally near names the first one is taken")
  func ties() {
    #expect(nearestName(to: "ab", among: ["aa", "bb"]) == "aa")
    #expect(nearestName(to: "ab", among: []) == nil)
  }

  @Test("names of any length are compared in bounded time")
  func hostileLength() {
    let long = String(repeating: "a", count: 1 << 20)
    #expect(nearestName(to: long, among: [long + "b"]) != nil)
  }
}
