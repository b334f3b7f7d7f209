import Foundation
import FoundationXML
import Report
import Testing

@Suite("Plot of a front")
struct FrontPlotTests {
  private func plot(_ objectives: [Double?], isProved: Bool = true, baseline: [Double?] = []) -> String {
    FrontPlot(
      title: "a <b> & c", budget: "latency_ms", objective: "loss",
      points: objectives.enumerated().map {
        .init(limit: Double($0.offset + 1), objective: $0.element, isProved: isProved)
      },
      baselines: [.init(name: "greedy", objectives: baseline)]
    ).svg()
  }

  private func count(_ part: String, in text: String) -> Int { text.components(separatedBy: part).count - 1 }

  @Test("the figure is well-formed and has a dot for each selection")
  func wellFormed() {
    let source = plot([3, 2, 2, 1.5], baseline: [nil, 3, 2.5, 1.5])
    #expect(XMLParser(data: Data(source.utf8)).parse())
    #expect(count("h0", in: source) == 4 && count("class=\"proved\"", in: source) == 1)
    #expect(source.contains("a &lt;b&gt; &amp; c") && source.contains("greedy"))
    #expect(source.contains("4 limits, all proved"))
  }

  @Test("the front goes in stairs: along to the next limit, then to what it allows")
  func stairs() throws {
    let path = try #require(plot([3, 1]).firstMatch(of: /class="front" d="([^"]*)"/)).1
    #expect(try /M[\d.]+ [\d.]+H[\d.]+V[\d.]+/.wholeMatch(in: path) != nil, "\(path)")
  }

  @Test("limits without a selection are marked where that is proved, and interrupt the line")
  func infeasible() {
    let source = plot([nil, 3, nil, 2, 1])
    #expect(count("class=\"infeasible\"", in: source) == 2 && count("h0", in: source) == 3)
    #expect(source.contains("5 limits, all proved; 2 of them infeasible"))
    let unknown = plot([nil, 3], isProved: false)
    #expect(count("class=\"infeasible\"", in: unknown) == 0 && count("class=\"open\"", in: unknown) == 1)
    #expect(unknown.contains("2 limits, 0 proved"))
  }

  @Test("a baseline without any selection has no entry, and nothing is drawn of numbers that are not finite")
  func nothing() {
    #expect(!plot([1, 2], baseline: [nil, nil]).contains(">greedy</text>"))
    for source in [plot([]), plot([nil]), plot([.nan, .infinity]), plot([-5, 0, 5]), plot([7])] {
      #expect(XMLParser(data: Data(source.utf8)).parse())
      #expect(!source.contains("nan") && !source.contains("inf\""))
    }
  }
}
