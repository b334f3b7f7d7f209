import BlockSelection
import Inference

/// Writes a ``MixedPrecisionModel`` as groups, choices and pairs.
struct MixedPrecisionProblemBuilder {
  private typealias Name = MixedPrecisionModel.Name

  private let model: MixedPrecisionModel
  private let limit: MixedPrecisionLimit
  private var groups: [SelectionProblem.Group]
  /// Milliseconds and errors of pairs of layers in formats.
  private var pairs: [LayerErrors.Pair: [[String]: (latency: Double, error: Double)]] = [:]
  private var interactions: [SelectionProblem.Interaction] = []

  init(_ model: MixedPrecisionModel, _ limit: MixedPrecisionLimit) {
    (self.model, self.limit) = (model, limit)
    groups = model.layers.map { .init(name: $0, choices: []) }
    for layer in groups.indices {
      groups[layer].choices = model.formats[layer].map { format in
        choice(
          format.rawValue, latency: model.times.milliseconds(layer, format), error: model.errors.error(layer, format))
      }
    }
  }

  /// The problem so far.
  var problem: SelectionProblem {
    let limited: (name: String, most: Double) =
      switch limit {
      case .latency(let most): (Name.latency, most)
      case .noise(let most): (model.errorName, Self.millionths(most))
      }
    let ordered = pairs.sorted { ($0.key.first, $0.key.second) < ($1.key.first, $1.key.second) }
    return SelectionProblem(
      sense: .minimize, groups: groups, fixedCosts: [Name.latency: model.times.fixed],
      budgets: [limited.name: .init(max: limited.most)], interactions: ordered.map(interaction) + interactions)
  }

  /// Adds what an error of two layers differs from the sum of both.
  mutating func add(error: Double, of pair: LayerErrors.Pair) {
    pairs[pair, default: [:]][[Name.bytes, Name.bytes], default: (0, 0)].error += error
  }

  /// Adds the conversions of a value that passes between layers.
  mutating func add(_ crossing: FormatCrossing, _ place: Int) {
    let (toBytes, toNumbers) = (model.times.toBytes[place], model.times.toNumbers[place])
    switch (crossing.producer, crossing.readers.count, crossing.isReadInNumbers) {
    case (nil, 1, _): addToInt8(crossing.readers[0], toBytes)
    case (let producer?, 0, _): addToInt8(producer, toNumbers)
    case (let producer?, 1, false):
      let reader = crossing.readers[0]
      for format in numbers(producer) { add([format, Name.bytes], producer, reader, toBytes) }
      for format in numbers(reader) { add([Name.bytes, format], producer, reader, toNumbers) }
    default: addValue(crossing, toBytes: toBytes, toNumbers: toNumbers)
    }
  }

  /// The formats of a layer that read and give numbers.
  private func numbers(_ layer: Int) -> [String] { model.formats[layer].filter { $0 != .int8 }.map(\.rawValue) }

  /// A group for a value that is converted once for several readers.
  private mutating func addValue(_ crossing: FormatCrossing, toBytes: Double, toNumbers: Double) {
    let name = "value of " + crossing.name
    var states = [choice(Name.numbers)]
    if crossing.producer != nil, !crossing.isReadInNumbers { states.append(choice(Name.bytes)) }
    states.append(choice(Name.rounded, latency: toBytes))
    if crossing.producer != nil { states.append(choice(Name.widened, latency: toNumbers)) }
    groups.append(.init(name: name, choices: states))
    let names = states.map(\.name)
    if let producer = crossing.producer {
      forbid(producer, name) { format in names.filter { $0.hasPrefix(format) == false } }
    }
    for reader in crossing.readers {
      forbid(reader, name) { format in names.filter { !$0.split(separator: "+").map(String.init).contains(format) } }
    }
  }

  /// Forbids states of a value by what a layer's format gives or reads.
  private mutating func forbid(_ layer: Int, _ value: String, _ states: (_ format: String) -> [String]) {
    let pairs = model.formats[layer].flatMap { format in
      states(format == .int8 ? Name.bytes : Name.numbers).map {
        SelectionProblem.Pair(choices: [format.rawValue, $0], forbidden: true)
      }
    }
    interactions.append(.init(groups: [model.layers[layer], value], pairs: pairs))
  }

  private mutating func addToInt8(_ layer: Int, _ latency: Double) {
    for (place, known) in groups[layer].choices.enumerated() where known.name == Name.bytes {
      groups[layer].choices[place] = choice(
        Name.bytes, latency: (known.costs[Name.latency] ?? 0) + latency, error: model.errors.error(layer, .int8))
    }
  }

  private mutating func add(_ formats: [String], _ producer: Int, _ reader: Int, _ latency: Double) {
    let isInOrder = producer < reader
    let pair = LayerErrors.Pair(first: min(producer, reader), second: max(producer, reader))
    pairs[pair, default: [:]][isInOrder ? formats : formats.reversed(), default: (0, 0)].latency += latency
  }

  private func interaction(
    _ pair: LayerErrors.Pair, _ amounts: [[String]: (latency: Double, error: Double)]
  ) -> SelectionProblem.Interaction {
    let listed = amounts.sorted { $0.key.lexicographicallyPrecedes($1.key) }.map { formats, amount in
      SelectionProblem.Pair(
        choices: formats, score: score(amount.latency, amount.error), costs: costs(amount.latency, amount.error))
    }
    return .init(groups: [model.layers[pair.first], model.layers[pair.second]], pairs: listed)
  }

  private func choice(_ name: String, latency: Double = 0, error: Double = 0) -> SelectionProblem.Choice {
    .init(name: name, score: score(latency, error), costs: costs(latency, error))
  }

  private func costs(_ latency: Double, _ error: Double) -> [String: Double] {
    [Name.latency: latency, model.errorName: Self.millionths(error)]
  }

  private func score(_ latency: Double, _ error: Double) -> Double {
    switch limit {
    case .latency: Self.millionths(error)
    case .noise: latency
    }
  }

  private static func millionths(_ number: Double) -> Double { 1e6 * number }
}
