extension Markup {
  /// Appends a section with a heading.
  mutating func section(_ title: String, lead: String? = nil, _ content: (inout Markup) -> Void) {
    element("section") {
      $0.element("h2", title)
      if let lead { $0.element("p", ["class": "lead"], lead) }
      content(&$0)
    }
    newline()
  }
}

/// Names and values in columns.
enum FactList {
  static func draw(_ facts: [ReportFact], into page: inout Markup) {
    page.element("dl", ["class": "facts"]) { list in
      for fact in facts {
        list.element("div") {
          $0.element("dt", fact.name)
          $0.element("dd", fact.value)
        }
      }
    }
  }
}

/// The kinds of blocks with their colours and short names.
enum BlockLegend {
  static func draw(_ kinds: [String], into page: inout Markup) {
    page.element("ul", ["class": "legend"]) { list in
      for (position, kind) in kinds.enumerated() {
        list.element("li") { item in
          item.element("svg", ["viewBox": "0 0 22 14", "class": "key", "aria-hidden": "true"]) {
            $0.rectangle(1, 1, 20, 12, radius: 3, style: "block k\(position % Series.count)", fill: 0.44)
          }
          let short = ArchitectureFigure.shortName(of: kind)
          item.text(short == kind ? kind : "\(short) = \(kind)")
        }
      }
    }
  }
}

/// One card per budget: the winner's accuracy, its latency, and by how much it beats the baselines.
struct SummaryCards {
  let budgets: [BudgetResult]

  func draw(into page: inout Markup) {
    guard !budgets.isEmpty else { return }
    page.element("div", ["class": "cards"]) { cards in
      for result in budgets {
        cards.element("div", ["class": "card"]) { card in
          card.element("div", ["class": "budget"], "Budget " + NumberText.budget(result.budgetMilliseconds))
          if let winner = result.winner {
            draw(winner, of: result, into: &card)
          } else {
            drawNone(into: &card)
          }
          if let note = result.note { card.element("p", ["class": "quiet small"], note) }
        }
      }
    }
    page.newline()
  }

  private func drawNone(into card: inout Markup) {
    card.element("div", ["class": "big"], "–")
    card.element("p", "No network fits this budget.")
  }

  private func draw(_ winner: ReportedNetwork, of result: BudgetResult, into card: inout Markup) {
    card.element("div", ["class": "big"]) {
      $0.text(NumberText.percent(winner.accuracy) + " ")
      $0.element("small", "test accuracy")
    }
    let share = winner.measuredMilliseconds / result.budgetMilliseconds
    card.element("div", ["class": "meter"]) {
      $0.element("span", ["style": "width:\(NumberText.coordinate(100 * min(max(share, 0), 1)))%"], "")
    }
    card.element("p", ["class": "small"]) {
      $0.element("b", NumberText.milliseconds(winner.measuredMilliseconds))
      $0.element("span", ["class": "quiet"], " measured, \(NumberText.percent(share, 0)) of the budget")
    }
    guard !result.baselines.isEmpty else { return }
    card.element("ul", ["class": "small"]) { list in
      for baseline in result.baselines {
        draw(winner.accuracy - baseline.accuracy, over: baseline, into: &list)
      }
    }
  }

  private func draw(_ advantage: Double, over baseline: ReportedNetwork, into list: inout Markup) {
    list.element("li") { item in
      item.element("span", ["class": "quiet"], "over \(baseline.name)")
      item.element("span", ["class": advantage >= 0 ? "good" : "bad"], NumberText.points(advantage) + " pt")
    }
  }
}

/// Winner and baselines of every budget, with all numbers.
struct ResultTable {
  let budgets: [BudgetResult]

  private static let columns = [
    "network", "measured", "predicted", "of budget", "test accuracy", "95 % interval", "winner ahead by",
    "MACs",
    "parameters",
  ]

  func draw(into page: inout Markup) {
    guard budgets.contains(where: { $0.winner != nil || !$0.baselines.isEmpty }) else { return }
    page.section(
      "Results per budget",
      lead:
        "Test images were used once, after everything was chosen. Intervals are of 95 %; the lead over a "
        + "baseline is in percentage points, its interval is paired over the same images."
    ) { section in
      section.element("div", ["class": "scroll"]) { scroll in
        scroll.element("table") { table in
          table.element("thead") { head in head.element("tr") { drawHead(into: &$0) } }
          for result in budgets { table.element("tbody") { draw(result, into: &$0) } }
        }
      }
    }
  }

  private func drawHead(into row: inout Markup) {
    row.element("th", "budget")
    for (index, column) in Self.columns.enumerated() {
      row.element("th", ["class": index == 0 ? "" : "n"], column)
    }
  }

  private func draw(_ result: BudgetResult, into body: inout Markup) {
    let winner = result.winner.map { (network: $0, isWinner: true) }
    let networks = [winner].compactMap(\.self) + result.baselines.map { (network: $0, isWinner: false) }
    for (position, item) in networks.enumerated() {
      body.element("tr", ["class": item.isWinner ? "winner" : ""]) { row in
        row.element("td", position == 0 ? NumberText.budget(result.budgetMilliseconds) : "")
        row.element("td", item.network.name + (item.isWinner ? " (winner)" : ""))
        for cell in cells(of: item.network, in: result, isWinner: item.isWinner) {
          row.element("td", ["class": "n"], cell)
        }
      }
    }
  }

  private func cells(of network: ReportedNetwork, in result: BudgetResult, isWinner: Bool) -> [String] {
    [
      NumberText.milliseconds(network.measuredMilliseconds),
      network.predictedMilliseconds.map(NumberText.milliseconds) ?? "–",
      NumberText.percent(network.measuredMilliseconds / result.budgetMilliseconds, 0),
      NumberText.percent(network.accuracy, 2),
      network.accuracyInterval.map {
        "\(NumberText.fixed(100 * $0.lower, 2))–\(NumberText.fixed(100 * $0.upper, 2)) %"
      } ?? "–",
      isWinner ? "" : lead(over: network, in: result),
      network.macs.map(NumberText.count) ?? "–", network.parameters.map(NumberText.count) ?? "–",
    ]
  }

  private func lead(over network: ReportedNetwork, in result: BudgetResult) -> String {
    guard let winner = result.winner else { return "–" }
    let points = NumberText.points(winner.accuracy - network.accuracy, 2)
    guard let interval = network.advantageInterval else { return points }
    return "\(points) (\(NumberText.points(interval.lower, 2)) … \(NumberText.points(interval.upper, 2)))"
  }
}

/// Where the time went, with bars.
struct PhaseTable {
  let phases: [ReportPhase]

  func draw(into page: inout Markup) {
    guard !phases.isEmpty else { return }
    let finite = phases.map(\.seconds).filter { $0.isFinite && $0 > 0 }
    let (longest, total) = (finite.max() ?? 1, finite.reduce(0, +))
    page.section("Time") { section in
      section.element("table") { table in
        table.element("tbody") { body in
          for phase in phases { draw(phase, longest: longest, into: &body) }
          body.element("tr", ["class": "winner"]) { row in
            row.element("td", "together")
            row.element("td", ["class": "n"], NumberText.duration(total))
            row.element("td", "")
          }
        }
      }
    }
  }

  private func draw(_ phase: ReportPhase, longest: Double, into body: inout Markup) {
    let share = phase.seconds.isFinite ? min(max(phase.seconds / longest, 0), 1) : 0
    body.element("tr") { row in
      row.element("td", phase.name)
      row.element("td", ["class": "n"], NumberText.duration(phase.seconds))
      row.element("td", ["class": "wide"]) {
        $0.element("span", ["class": "bar", "style": "width:\(NumberText.coordinate(100 * share))%"], "")
      }
    }
  }
}
