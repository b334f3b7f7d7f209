extension SearchReport {
  /// The report as one self-contained page: no script, and nothing is loaded from anywhere.
  ///
  /// The page is well-formed XHTML as well as HTML. The same report gives the same bytes. Sections without
  /// numbers are left out.
  public func html() -> String {
    var page = Markup()
    page.verbatim("<!DOCTYPE html>\n")
    page.element("html", ["xmlns": "http://www.w3.org/1999/xhtml", "lang": "en"]) {
      drawHead(into: &$0)
      $0.element("body") { body in
        body.element("main") { drawSections(into: &$0) }
      }
    }
    page.newline()
    return page.source
  }

  private func drawHead(into page: inout Markup) {
    page.element("head") { head in
      head.newline()
      head.empty("meta", ["charset": "utf-8"])
      head.empty("meta", ["name": "viewport", "content": "width=device-width, initial-scale=1"])
      head.element("title", "\(title) · Quoin")
      head.element("style") { $0.verbatim(Stylesheet.source) }
      head.newline()
    }
  }

  private func drawSections(into page: inout Markup) {
    drawHeader(into: &page)
    SummaryCards(budgets: budgets).draw(into: &page)
    drawPareto(into: &page)
    ResultTable(budgets: budgets).draw(into: &page)
    drawArchitectures(into: &page)
    drawCharts(into: &page)
    drawFacts(settings, title: "Settings", into: &page)
    drawDevice(into: &page)
    PhaseTable(phases: phases).draw(into: &page)
    page.element("footer") {
      $0.text("Made by Quoin. Latencies are medians measured on the device above; accuracies of results are ")
      $0.text("on test data, used once, and those of candidates on images held out from training.")
    }
  }

  private func drawHeader(into page: inout Markup) {
    page.element("header") { header in
      header.element("p", ["class": "eyebrow"], "Quoin search report")
      header.element("h1", title)
      if !facts.isEmpty { FactList.draw(facts, into: &header) }
    }
    page.newline()
  }

  private func drawPareto(into page: inout Markup) {
    guard let plot = ParetoPlot(candidates, budgets: budgets.map(\.budgetMilliseconds)) else { return }
    page.section(
      "Accuracy over measured latency",
      lead:
        "Every network that was measured on the device and validated. The line joins those that no other "
        + "beats. A winner stands left of its budget, and is chosen by expected accuracy, which is less noisy."
    ) { plot.draw(into: &$0) }
  }

  private func drawArchitectures(into page: inout Markup) {
    let winners = budgets.compactMap { result in
      result.winner.map { (budget: result.budgetMilliseconds, network: $0) }
    }
    let kinds = winners.flatMap { $0.network.drawing?.stages ?? [] }.flatMap(\.blocks).map(\.kind).uniqued()
    let figures = winners.compactMap { winner in
      winner.network.drawing.flatMap { ArchitectureFigure($0, kinds: kinds) }.map {
        (winner: winner, figure: $0)
      }
    }
    guard !figures.isEmpty else { return }
    page.section(
      "The winners",
      lead:
        "One box per block: wider means more channels (the number below), a stronger colour a larger kernel; "
        + "e is the expansion, SE squeeze-excite, ↓ a stride. Stages carry the resolution that "
        + "their first block puts out."
    ) { section in
      BlockLegend.draw(kinds, into: &section)
      for (winner, figure) in figures {
        section.element("figure") {
          Self.drawCaption(winner.network, budget: winner.budget, into: &$0)
          figure.draw(into: &$0, title: "Architecture within \(NumberText.budget(winner.budget))")
        }
      }
    }
  }

  private static func drawCaption(_ network: ReportedNetwork, budget: Double, into page: inout Markup) {
    let drawing = network.drawing.map { "\($0.input) → \($0.classes) classes" }
    let numbers = [
      drawing, "measured " + NumberText.milliseconds(network.measuredMilliseconds),
      NumberText.percent(network.accuracy) + " on test data",
      network.macs.map { NumberText.count($0) + " MACs" },
      network.parameters.map { NumberText.count($0) + " parameters" },
    ]
    page.element("figcaption") { caption in
      caption.element("h3", "Within " + NumberText.budget(budget))
      caption.element("p", ["class": "quiet small", "style": "margin:0"]) { line in
        line.text(numbers.compactMap(\.self).joined(separator: " · "))
        if let hash = network.hash {
          line.text(" · ")
          line.element("code", String(hash.prefix(12)))
        }
      }
    }
  }

  /// Small charts stand two in a row.
  private func drawCharts(into page: inout Markup) {
    let methods = candidates.map(\.method).uniqued()
    let charts = (progress + training).compactMap { chart in
      CurvePlot(chart, methods: methods).map { (chart.title, $0) }
    }
    let prediction = PredictionPlot(predictions)
    guard prediction != nil || !charts.isEmpty else { return }
    page.element("div", ["class": "pair pairs"]) { grid in
      if let prediction, let errors = PredictionErrors(predictions) {
        grid.section("Predicted against measured latency") {
          prediction.draw(into: &$0)
          Self.draw(errors, into: &$0)
        }
      }
      for (title, plot) in charts { grid.section(title) { plot.draw(into: &$0) } }
    }
    page.newline()
  }

  private static func draw(_ errors: PredictionErrors, into page: inout Markup) {
    let numbers = [
      (NumberText.percent(errors.meanRelative), "mean error"),
      (NumberText.percent(errors.medianRelative), "median error"),
      (NumberText.percent(errors.within5, 0), "within ±5\u{a0}%"),
      (NumberText.percent(errors.within10, 0), "within ±10\u{a0}%"),
      (NumberText.fixed(errors.rankCorrelation, 3), "rank correlation"), (String(errors.count), "networks"),
    ]
    page.element("ul", ["class": "numbers"]) { list in
      for (value, name) in numbers {
        list.element("li") {
          $0.element("b", value)
          $0.element("span", ["class": "quiet small"], name)
        }
      }
    }
  }

  private func drawFacts(_ facts: [ReportFact], title: String, into page: inout Markup) {
    guard !facts.isEmpty else { return }
    page.section(title) { FactList.draw(facts, into: &$0) }
  }

  private func drawDevice(into page: inout Markup) {
    var facts = device.isEmpty ? [] : [ReportFact("name", device)]
    if let fingerprint {
      facts += [
        ReportFact("processor", fingerprint.cpu), ReportFact("instruction set", fingerprint.isa),
        ReportFact("threads", String(fingerprint.threads)), ReportFact("precision", fingerprint.precision),
        ReportFact("runtime", fingerprint.runtime),
      ]
      facts += fingerprint.libraries.sorted { $0.key < $1.key }.map { ReportFact($0.key, $0.value) }
    }
    drawFacts(facts, title: "Device", into: &page)
  }
}
