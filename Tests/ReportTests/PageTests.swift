import Foundation
import FoundationXML
import Report
import Testing

@Suite("The report as a page")
struct PageTests {
  @Test("the page is well-formed, and needs nothing from outside")
  func wellFormed() throws {
    let page = SampleReport.make().html()
    let elements = try #require(Reader.elements(of: page))
    #expect(elements.filter { $0.name == "svg" }.count >= 7)
    #expect(!elements.contains { ["script", "link", "img", "iframe", "image", "use"].contains($0.name) })
    #expect(
      !elements.contains { $0.attributes.keys.contains { $0 == "src" || $0 == "href" || $0.hasPrefix("on") } }
    )
    #expect(!page.contains("url(") && !page.contains("@import"))
    let addresses = page.components(separatedBy: "http").dropFirst().filter {
      !$0.hasPrefix("://www.w3.org/")
    }
    #expect(addresses.isEmpty)
  }

  @Test("the numbers of the report stand on the page")
  func numbers() {
    let page = SampleReport.make().html()
    for text in [
      "CIFAR-10 within 1.2, 2 and 3.5 ms", "Budget 1.2 ms", "81.2 %", "1.17 ms", "+1.4 pt", "84.11 %",
      "83.38–84.82 %",
      "+0.32 (−0.26 … +0.90)", "10.66 M", "AMD EPYC 9554", "0.3.21 SkylakeX", "51 min 45 s",
      "in-place distillation",
      "≤ 3.5 ms", "fused_mbconv", "e6 SE", "rank correlation", "97 % of the budget",
    ] {
      #expect(page.contains(text), "\(text) is missing")
    }
  }

  @Test("the same report gives the same bytes, also after a trip through JSON")
  func deterministic() throws {
    let report = SampleReport.make()
    #expect(report.html() == report.html())
    let copy = try JSONDecoder().decode(SearchReport.self, from: JSONEncoder().encode(report))
    #expect(copy == report)
    #expect(copy.html() == report.html())
  }

  @Test("foreign text is escaped wherever it stands")
  func escaping() throws {
    let evil = "<script>alert('x')</script> & \"quotes\" \u{1}\u{0} ]]>"
    let network = ReportedNetwork(
      name: evil, measuredMilliseconds: 1, accuracy: 0.5, hash: evil,
      drawing: ArchitectureDrawing(
        input: evil,
        stages: [.init(name: evil, blocks: [.init(kind: evil, channels: 8, height: 4, width: 4)])], classes: 2
      ))
    let report = SearchReport(
      title: evil, facts: [.init(evil, evil)],
      budgets: [.init(budgetMilliseconds: 2, winner: network, baselines: [network], note: evil)],
      candidates: [.init(method: evil, measuredMilliseconds: 1, accuracy: 0.5, label: evil)],
      training: [
        .init(title: evil, xLabel: evil, yLabel: evil, curves: [.init(name: evil, x: [1, 2], y: [1, 2])])
      ],
      settings: [.init(evil, evil)], device: evil, phases: [.init(name: evil, seconds: 1)])
    let elements = try #require(Reader.elements(of: report.html()))
    #expect(!elements.contains { $0.name == "script" })
    #expect(report.html().contains("&lt;script&gt;"))
  }

  @Test("reports with little or nothing in them are still pages", arguments: DegenerateReport.allCases)
  func degenerate(_ kind: DegenerateReport) {
    let page = kind.report.html()
    #expect(Reader.elements(of: page) != nil)
    for text in ["nan", "inf", "NaN", "-0.0"] {
      let tail = page.components(separatedBy: "</style>").last ?? ""
      #expect(!tail.contains(">\(text)") && !tail.contains("\"\(text)") && !tail.contains(" \(text)\""))
    }
  }

  @Test("sections without numbers are left out")
  func emptySections() {
    let page = SearchReport(title: "Nothing").html()
    for heading in [
      "Accuracy over measured latency", "Results per budget", "The winners", "Settings", "Device</h2>",
      "Time</h2>",
    ] {
      #expect(!page.contains(heading))
    }
    #expect(page.contains("Nothing"))
  }

  @Test("a budget without a winner says so")
  func noWinner() {
    let page = SearchReport(
      title: "t",
      budgets: [.init(budgetMilliseconds: 0.01, winner: nil, note: "The fastest network takes 0.2 ms.")]
    ).html()
    #expect(page.contains("No network fits this budget."))
    #expect(page.contains("The fastest network takes 0.2 ms."))
  }

  @Test("no coordinate lies outside its figure")
  func inside() throws {
    let elements = try #require(Reader.elements(of: SampleReport.make().html()))
    var (width, height) = (0.0, 0.0)
    for element in elements {
      if element.name == "svg" {
        let box = (element.attributes["viewBox"] ?? "").split(separator: " ").compactMap { Double($0) }
        (width, height) = (box[2], box[3])
      }
      for key in ["x", "x1", "x2"] {
        if let value = element.attributes[key].flatMap(Double.init) { #expect((0...width).contains(value)) }
      }
      for key in ["y", "y1", "y2"] {
        if let value = element.attributes[key].flatMap(Double.init) { #expect((0...height).contains(value)) }
      }
      if element.name == "rect", let x = element.number("x"), let extent = element.number("width") {
        #expect(x + extent <= width)
      }
    }
  }
}

enum DegenerateReport: String, CaseIterable, Sendable {
  case empty, onePoint, samePoints, notNumbers, hugeNumbers, zeroBudget, noBaselines, emptyDrawing, manyBlocks
  case unevenCurves, manyMethods

  var report: SearchReport {
    var report = SearchReport(title: rawValue)
    let point = CandidatePoint(
      method: "random", measuredMilliseconds: 1, accuracy: 0.5, wonBudgetMilliseconds: 2)
    let network = ReportedNetwork(name: "selection", measuredMilliseconds: 1, accuracy: 0.5)
    switch self {
    case .empty: break
    case .onePoint:
      report.candidates = [point]
      report.predictions = [.init(predictedMilliseconds: 1, measuredMilliseconds: 1)]
      report.training = [
        .init(title: "t", xLabel: "x", yLabel: "y", curves: [.init(name: "a", x: [1], y: [0])])
      ]
    case .samePoints:
      report.candidates = [point, point, point]
      report.predictions = Array(
        repeating: .init(predictedMilliseconds: 0, measuredMilliseconds: 2), count: 4)
    case .notNumbers, .hugeNumbers: report = Self.extreme(self == .notNumbers ? .nan : 1e300)
    case .zeroBudget: report.budgets = [.init(budgetMilliseconds: 0, winner: network, baselines: [network])]
    case .noBaselines: report.budgets = [.init(budgetMilliseconds: 2, winner: network)]
    case .emptyDrawing, .manyBlocks:
      let block = ArchitectureDrawing.Block(
        kind: "conv", kernel: 9, expand: 0.25, channels: 4096, stride: 2, height: 1, width: 1)
      let blocks = Array(repeating: block, count: self == .manyBlocks ? 90 : 0)
      var winner = network
      winner.drawing = ArchitectureDrawing(
        input: "", stages: [.init(name: "a rather long name of a stage", blocks: blocks)], classes: 0)
      report.budgets = [.init(budgetMilliseconds: 2, winner: winner)]
    case .unevenCurves:
      report.progress = [
        .init(
          title: "t", xLabel: "x", yLabel: "y", unit: .fraction, isStepwise: true,
          curves: [.init(name: "a", x: [1, 2, 3], y: [0.5]), .init(name: "b", x: [], y: [1])])
      ]
    case .manyMethods:
      report.candidates = (0..<30).map {
        .init(
          method: "m\($0)", measuredMilliseconds: Double($0), accuracy: 1, wonBudgetMilliseconds: Double($0))
      }
      report.budgets = (0..<30).map { .init(budgetMilliseconds: 1 + 0.001 * Double($0), winner: nil) }
    }
    return report
  }

  /// The same strange number everywhere.
  private static func extreme(_ value: Double) -> SearchReport {
    let interval = ReportInterval(lower: value, upper: value)
    let network = ReportedNetwork(
      name: "n", measuredMilliseconds: value, predictedMilliseconds: value, accuracy: value,
      accuracyInterval: interval,
      advantageInterval: interval, validationAccuracy: value)
    return SearchReport(
      title: "extreme", budgets: [.init(budgetMilliseconds: value, winner: network, baselines: [network])],
      candidates: [
        .init(method: "m", measuredMilliseconds: value, accuracy: value, wonBudgetMilliseconds: value)
      ],
      predictions: [.init(predictedMilliseconds: value, measuredMilliseconds: value)],
      progress: [
        .init(
          title: "t", xLabel: "x", yLabel: "y", curves: [.init(name: "a", x: [value, 1], y: [1, value])])
      ],
      phases: [.init(name: "p", seconds: value)])
  }
}

/// Reads a page as XML and notes all elements.
private final class Reader: NSObject, XMLParserDelegate {
  struct Element {
    var name: String
    var attributes: [String: String]

    func number(_ key: String) -> Double? { attributes[key].flatMap(Double.init) }
  }

  private var found: [Element] = []

  /// `nil` where the page is not well-formed.
  static func elements(of page: String) -> [Element]? {
    let reader = Reader()
    let parser = XMLParser(data: Data(page.utf8))
    parser.delegate = reader
    return parser.parse() ? reader.found : nil
  }

  func parser(
    _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?, qualifiedName: String?,
    attributes: [String: String]
  ) {
    found.append(Element(name: elementName, attributes: attributes))
  }
}
