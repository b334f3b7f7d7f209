import BlockSelection
import Diagnostics
import Inference

/// Selects formats under a limit and measures what is selected.
struct MixedPrecisionSearch {
  /// What was selected.
  struct Found {
    var point: MixedPrecisionPoint
    var formats: [LayerFormat]
    /// Who selected, and whether that is the optimum by predictions.
    var solver: String
    var status: String
    /// How often the limit was tightened.
    var corrections: Int
  }

  enum Outcome {
    case found(Found)
    case infeasible(attainable: Double)
  }

  /// How often a selection that measured above the limit is corrected.
  private static let mostCorrections = 4
  /// By which share a corrected limit stays below what the measurement asks for, since measurements scatter.
  private static let margin = 0.01

  let model: MixedPrecisionModel
  let bench: MixedPrecisionBench
  let monitor: WorkMonitor

  /// Selects, measures, and tightens the limit until the measurement keeps it.
  func run(_ limit: MixedPrecisionLimit) throws -> Outcome {
    var tightened = limit
    var least = Double.infinity
    var last: [LayerFormat]?
    for corrections in 0...Self.mostCorrections {
      let selection = try select(tightened)
      guard selection.status != .infeasible else { return .infeasible(attainable: try attainable(limit, least)) }
      let formats = model.formats(selection.choices)
      // There is nothing tighter to try.
      if formats == last { break }
      last = formats
      try step("verifying the choice", corrections)
      let point = try bench.point("selection", formats, limit: limit.value, by: model)
      let measured = measured(limit, point)
      if measured <= limit.value {
        return .found(
          .init(
            point: point, formats: formats, solver: selection.solver.rawValue, status: selection.status.rawValue,
            corrections: corrections))
      }
      least = min(least, measured)
      let predicted = model.amount(limit, formats)
      // What measures too much by more than the limit can be tightened may still keep it at its tightest. That is a
      // sum in another order.
      let tightest = try attainable(limit, .infinity) * (1 + 1e-9)
      tightened = limit.with(max(tightest, (1 - Self.margin) * predicted * limit.value / measured))
    }
    return try exact(limit) ?? .infeasible(attainable: try attainable(limit, least))
  }

  /// What keeps every limit on noise: all layers in FP32; nothing where latency is limited.
  private func exact(_ limit: MixedPrecisionLimit) throws -> Outcome? {
    guard case .noise = limit else { return nil }
    let formats = model.all(in: .fp32)
    let point = try bench.point("selection", formats, limit: limit.value, by: model)
    return .found(
      .init(point: point, formats: formats, solver: "none", status: "feasible", corrections: Self.mostCorrections))
  }

  /// The choice with its baselines, and the front where asked for.
  func result(_ found: Found, _ limit: MixedPrecisionLimit, frontPoints: Int) throws -> MixedPrecisionResult {
    var baselines = try bench.formats.map { try bench.point($0.rawValue, model.all(in: $0), by: model) }
    if let greedy = model.greedy(limit) {
      baselines.append(try bench.point("greedy", greedy, limit: limit.value, by: model))
    }
    let rows = model.layers.indices.map { layer in
      MixedPrecisionResult.Layer(
        name: model.layers[layer], format: found.formats[layer],
        formats: model.formats[layer].map {
          .init(
            format: $0, error: model.errors.error(layer, $0), milliseconds: model.times.milliseconds(layer, $0))
        })
    }
    return MixedPrecisionResult(
      limited: limit.name, limit: limit.value, sensitivity: model.errors.kind.rawValue, device: bench.fingerprint,
      samples: 0, chosen: found.point, corrections: found.corrections, solver: found.solver,
      status: found.status, baselines: baselines, layers: rows, fixedMs: model.times.fixed,
      front: try front(limit, count: frontPoints), seconds: 0)
  }

  /// Selections and greedy choices under limits at equal distances between the tightest that can be kept and FP32 (for
  /// latencies), or all layers in bytes (for errors), by predictions; these are not corrected.
  private func front(_ limit: MixedPrecisionLimit, count: Int) throws -> [MixedPrecisionPoint] {
    guard count > 0 else { return [] }
    let least = try attainable(limit, .infinity)
    let isLatency = if case .latency = limit { true } else { false }
    let most = model.amount(limit, model.all(in: isLatency ? .fp32 : .int8))
    var points: [MixedPrecisionPoint] = []
    for number in 0..<count {
      try step("measuring the front", number, of: count)
      let value = least + (most - least) * Double(number) / Double(max(1, count - 1))
      // The outermost limits are sums in another order.
      let part = limit.with(value * (1 + 1e-9))
      let selection = try select(part)
      guard selection.status != .infeasible else { continue }
      points.append(
        try bench.point("selection", model.formats(selection.choices), limit: part.value, by: model))
      guard let greedy = model.greedy(part) else { continue }
      points.append(try bench.point("greedy", greedy, limit: part.value, by: model))
    }
    try step("measuring the front", count, of: count)
    return points
  }

  private func select(_ limit: MixedPrecisionLimit) throws -> SelectionResult {
    let options = SelectionOptions(reportsBaselines: false, isInterrupted: monitor.isInterrupted)
    let result = try SelectionSolver.solve(model.problem(limit), options: options)
    try monitor.checkInterruption(remedy: "run the same command again")
    return result
  }

  /// The least that was measured, or that any choice is predicted to reach.
  private func attainable(_ limit: MixedPrecisionLimit, _ measured: Double) throws -> Double {
    guard measured == .infinity else { return measured }
    // In FP32 nothing changes.
    guard case .latency = limit else { return 0 }
    // Latency becomes the score where the error is what is limited, here by nothing.
    let unlimited = model.problem(.noise(1e9))
    let fastest = try SelectionSolver.solve(unlimited, options: SelectionOptions(reportsBaselines: false))
    return model.latency(model.formats(fastest.choices))
  }

  private func measured(_ limit: MixedPrecisionLimit, _ point: MixedPrecisionPoint) -> Double {
    switch limit {
    case .latency: point.measuredLatencyMs
    case .noise: point.measuredNoiseToSignal
    }
  }

  private func step(_ phase: String, _ done: Int, of total: Int = mostCorrections + 1) throws {
    try monitor.checkInterruption(remedy: "run the same command again")
    monitor.report(ProgressUpdate(phase: phase, completed: done, total: total))
  }
}
