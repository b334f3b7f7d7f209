import BlockSelection
import Diagnostics
import Foundation
import Testing

@Suite struct RepeatedKeyTests {
  /// An instance with something in its first choice, and something beside its groups.
  private func text(choice: String = "", rest: String = "") -> String {
    #"""
    {"sense": "minimize",
     "groups": [{"name": "g", "choices": [{"name": "a", "score": 1, "costs": {"t": 1}},
                                          {"name": "b", "score": 2, "costs": {"t": 0}\#(choice)}]}]\#(rest)}
    """#
  }

  @Test(
    "a key that stands twice is refused, and its place named",
    arguments: [
      ("", #", "budgets": {"t": {"max": 5}, "t": {"max": 0.5}}"#, "budgets: a key stands twice 't'"),
      ("", #", "budgets": {"t": {"max": 5, "\u006dax": 0.5}}"#, "budgets.t: a key stands twice 'max'"),
      ("", #", "sense": "maximize""#, "a key stands twice 'sense'"),
      (#", "score": 3"#, "", "groups[0].choices[1]: a key stands twice 'score'"),
      (#", "note": [{}, {"x": [[1], {"y": "}", "z": {}, "y": 2}]}]"#, "", "groups[0].choices[1].note[1].x[1]: a key"),
      ("", #", "note": {"é": 1, "e\#u{301}": 2}"#, "note: a key stands twice"),
      ("", ", \"note\": {" + (0..<40).map { "\"k\($0 % 39)\": 0" }.joined(separator: ",") + "}", "twice 'k0'"),
    ]) func refused(choice: String, rest: String, message: String)
  {
    let error = #expect(throws: Diagnostic.self) {
      try SelectionProblem(json: Data(text(choice: choice, rest: rest).utf8), path: "i.json")
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    #expect(error?.category == .unusableFile)
  }

  @Test("equal keys of different objects, and texts that look like keys, are let pass") func accepted() throws {
    let rest =
      #", "note": [{"a": "b", "b": "a"}, {"a": {"a": "\"a\": 1, \"a\": 2"}}, ["a", "a"]], "#
      + #""other": {"\\": 1, "\"": 2}"#
    let problem = try SelectionProblem(json: Data(text(rest: rest).utf8))
    #expect(problem.groups.count == 1)
  }

  @Test("a million keys are looked through in a moment") func speed() throws {
    let keys = (0..<1_000_000).map { "\"k\($0)\": 0" }.joined(separator: ",")
    let data = Data(text(rest: ", \"note\": {\(keys)}").utf8)
    let clock = ContinuousClock()
    let seconds = try clock.measure { _ = try SelectionProblem(json: data) }
    #expect(seconds < .seconds(20))
  }
}
