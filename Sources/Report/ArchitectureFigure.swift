/// A row of blocks, coloured by kind, more strongly with larger kernels, wider with more channels.
struct ArchitectureFigure {
  private static let width = 1060.0
  private static let gap = 5.0
  private static let stageGap = 16.0
  private static let blockHeight = 58.0
  private static let rowHeight = 132.0
  /// Half a line, so that the first block's outline is inside.
  private static let margin = 1.0
  /// Room above the blocks for the stage's name and resolution.
  private static let labelHeight = 38.0

  private let drawing: ArchitectureDrawing
  private let kinds: [String]
  private let placed: [Placed]
  private let rows: Int

  private struct Placed {
    var block: ArchitectureDrawing.Block
    var stage: String?
    var x: Double
    var row: Int
    var width: Double
  }

  /// `kinds` decides the colours, so that several figures of one page agree.
  init?(_ drawing: ArchitectureDrawing, kinds: [String]) {
    guard drawing.stages.contains(where: { !$0.blocks.isEmpty }) else { return nil }
    self.drawing = drawing
    self.kinds = kinds
    placed = Self.place(drawing)
    rows = (placed.last?.row ?? 0) + 1
  }

  func draw(into markup: inout Markup, title: String) {
    let height = Double(rows) * Self.rowHeight
    markup.element(
      "svg",
      [
        "xmlns": "http://www.w3.org/2000/svg", "role": "img", "class": "architecture",
        "viewBox": "0 0 \(NumberText.coordinate(Self.width)) \(NumberText.coordinate(height))",
      ]
    ) { figure in
      figure.element("title", title)
      for item in placed { draw(item, into: &figure) }
    }
    markup.newline()
  }

  private func draw(_ item: Placed, into markup: inout Markup) {
    let block = item.block
    let top = Double(item.row) * Self.rowHeight + Self.labelHeight
    let middle = item.x + item.width / 2
    if let stage = item.stage {
      markup.label(stage, item.x, top - 23, style: "stage-label")
      markup.label(Self.resolution(of: block), item.x, top - 8)
    }
    let kind = kinds.firstIndex(of: block.kind) ?? 0
    markup.element("g") { group in
      group.element("title", Self.description(of: block))
      group.rectangle(
        item.x, top, item.width, Self.blockHeight, radius: 6, style: "block k\(kind % Series.count)",
        fill: Self.opacity(kernel: block.kernel))
      for (line, text) in Self.lines(of: block).enumerated() {
        group.label(
          text, middle, top + 17 + 16 * Double(line), anchor: "middle",
          style: line == 0 ? "block-name" : "block-line")
      }
    }
    markup.label(String(block.channels), middle, top + Self.blockHeight + 15, anchor: "middle", style: "tick")
    if block.stride > 1 {
      markup.label("↓\(block.stride)", middle, top + Self.blockHeight + 29, anchor: "middle", style: "stride")
    }
  }

  private static func resolution(of block: ArchitectureDrawing.Block) -> String {
    "\(block.height)×\(block.width)"
  }

  private static func lines(of block: ArchitectureDrawing.Block) -> [String] {
    var lines = [shortName(of: block.kind)]
    let kernel = block.kernel.map { "\($0)×\($0)" }
    let expand = block.expand.map { "e" + NumberText.shortest($0) }
    if let first = kernel ?? expand { lines.append(first) }
    let rest = [kernel == nil ? nil : expand, block.squeezeExcite ? "SE" : nil].compactMap(\.self)
    if !rest.isEmpty { lines.append(rest.joined(separator: " ")) }
    return lines
  }

  private static func description(of block: ArchitectureDrawing.Block) -> String {
    let details = [
      block.kernel.map { "kernel \($0)×\($0)" }, block.expand.map { "expansion \(NumberText.shortest($0))" },
      "\(block.channels) channels", "stride \(block.stride)", block.squeezeExcite ? "squeeze-excite" : nil,
      "output \(block.height)×\(block.width)",
    ]
    return "\(block.kind): " + details.compactMap(\.self).joined(separator: ", ")
  }

  /// Names of at most five letters; the legend has the whole ones.
  static func shortName(of kind: String) -> String {
    let known = [
      "mbconv": "MB", "fused_mbconv": "FMB", "conv": "conv", "bottleneck": "BN", "shuffle": "shuf",
      "skip": "skip",
      "pool": "pool", "stem": "stem", "head": "head",
    ]
    return known[kind] ?? String(kind.prefix(5))
  }

  /// 1×1 is palest; text stays readable on all.
  private static func opacity(kernel: Int?) -> Double {
    switch kernel ?? 1 {
    case ...1: 0.14
    case ...3: 0.26
    case ...5: 0.44
    default: 0.62
    }
  }
}

// MARK: - Layout

extension ArchitectureFigure {
  /// From left to right; a stage that does not fit begins a new row, and one that fits in no row breaks.
  private static func place(_ drawing: ArchitectureDrawing) -> [Placed] {
    var placed: [Placed] = []
    var (x, row) = (margin, 0)
    for stage in drawing.stages where !stage.blocks.isEmpty {
      let widths = stage.blocks.map { blockWidth(channels: $0.channels) }
      let natural = widths.reduce(gap * Double(widths.count - 1), +)
      let label = max(labelWidth(stage.name), labelWidth(resolution(of: stage.blocks[0])))
      if x > margin, x + max(natural, label) > width - margin { (x, row) = (margin, row + 1) }
      let start = (x, row)
      for (index, block) in stage.blocks.enumerated() {
        if x > margin, x + widths[index] > width - margin { (x, row) = (margin, row + 1) }
        placed.append(
          Placed(block: block, stage: index == 0 ? stage.name : nil, x: x, row: row, width: widths[index]))
        x += widths[index] + gap
      }
      x += stageGap - gap
      // A short stage leaves room for its own label.
      if row == start.1 { x = max(x, start.0 + label + 2 * gap) }
    }
    return placed
  }

  /// Roughly, for a font that is not known here.
  private static func labelWidth(_ text: String) -> Double { 7.6 * Double(text.count) }

  /// By the square root, so that 16 and 320 channels fit on one page.
  private static func blockWidth(channels: Int) -> Double {
    min(max(18 + 3.4 * Double(max(channels, 1)).squareRoot(), 42), 110)
  }
}
