import Networks

/// A value that passes from the layer that computes it to others, so that it is converted where their formats differ.
package struct FormatCrossing: Hashable, Sendable {
  /// The name of the node that computes it in the fused network in FP32.
  package let name: String
  /// The layer that computes it, as its place in ``CalibratedNetwork/layers``; `nil` for what never works on bytes, such as
  /// an input.
  package let producer: Int?
  /// The other layers that read it.
  package let readers: [Int]
  /// Whether something that never works on bytes, or the caller, reads it too.
  package let isReadInNumbers: Bool

  /// Whether the value is converted to bytes where some layers are quantised: at most once, for all readers.
  package func becomesBytes(_ isChosen: [Bool]) -> Bool {
    producer.map { isChosen[$0] } != true && readers.contains { isChosen[$0] }
  }

  /// Whether the value is converted to numbers where some layers are quantised: at most once, for all readers.
  package func becomesNumbers(_ isChosen: [Bool]) -> Bool {
    producer.map { isChosen[$0] } == true && (isReadInNumbers || readers.contains { !isChosen[$0] })
  }

  /// Whether the value is converted in one of the two directions.
  package func isConverted(toBytes: Bool, _ isChosen: [Bool]) -> Bool {
    toBytes ? becomesBytes(isChosen) : becomesNumbers(isChosen)
  }
}

/// What a step of a compiled network is for.
package enum StepPurpose: Hashable, Sendable {
  /// The work of a layer, and of what belongs to it.
  case layer(Int)
  /// The conversion of a value between layers, by its place in ``CalibratedNetwork/crossings``.
  case conversion(Int)
  /// Anything else: operators that never work on bytes, inputs and outputs.
  case other
}

extension CalibratedNetwork {
  /// The values that pass between layers, in execution order.
  package var crossings: [FormatCrossing] {
    let names = network.fusedNames
    let leaving = Set(network.outputs.map(\.value))
    return network.consumers.enumerated().compactMap { value, readers in
      guard grids[value] != nil else { return nil }
      let node = network.nodes[value]
      let producer = node.op.worksOnBytes ? owners[value] : nil
      let inBytes = readers.filter { network.nodes[$0].op.worksOnBytes }
      let others = Set(inBytes.compactMap { owners[$0] }).subtracting(producer.map { [$0] } ?? [])
      let isReadInNumbers = leaving.contains(value) || inBytes.count < readers.count
      guard !others.isEmpty || producer != nil && isReadInNumbers else { return nil }
      return FormatCrossing(
        name: names[node.name] ?? node.name, producer: producer, readers: others.sorted(),
        isReadInNumbers: isReadInNumbers)
    }
  }
}

/// What the steps of a calibrated network's mixed forms are for, by the names under which a ``CompiledNetwork`` reports
/// their times.
package struct StepPurposes: Sendable {
  /// The values that pass between layers.
  package let crossings: [FormatCrossing]
  private let calibrated: CalibratedNetwork
  /// Crossings by the name of their node in the fused network.
  private let places: [String: Int]
  private let nodes: [String: Network.ValueID]
  private let fusedNames: [String: String]

  /// The steps of all mixed forms of a network.
  package init(_ calibrated: CalibratedNetwork) {
    self.calibrated = calibrated
    crossings = calibrated.crossings
    places = Dictionary(crossings.enumerated().map { ($1.name, $0) }) { first, _ in first }
    nodes = Dictionary(calibrated.network.nodes.enumerated().map { ($1.name, $0) }) { first, _ in first }
    fusedNames = calibrated.network.fusedNames
  }

  /// What a step is for in the network that ``CalibratedNetwork/quantised(isChosen:)`` made.
  package func purpose(of step: String, isChosen: [Bool]) -> StepPurpose {
    if let node = nodes[step] { return work(on: node) }
    for (ending, isToBytes) in [(".bytes", true), (".numbers", false)] {
      guard let value = value(step, before: ending) else { continue }
      let place = places[fusedNames[calibrated.network.nodes[value].name] ?? ""]
      if let place, crossings[place].isConverted(toBytes: isToBytes, isChosen) { return .conversion(place) }
      return work(on: value)
    }
    // Sums that leave a layer as numbers.
    return [".sums", ".sum"].lazy.compactMap { value(step, before: $0) }.first.map(work) ?? .other
  }

  /// The value whose name, or whose copy's name, stands before an ending.
  private func value(_ step: String, before ending: String) -> Network.ValueID? {
    guard step.hasSuffix(ending) else { return nil }
    let name = String(step.dropLast(ending.count))
    if let value = nodes[name] { return value }
    let copy = CalibratedNetwork.copySuffix
    return name.hasSuffix(copy) ? nodes[String(name.dropLast(copy.count))] : nil
  }

  private func work(on node: Network.ValueID) -> StepPurpose {
    guard calibrated.network.nodes[node].op.worksOnBytes else { return .other }
    return calibrated.owners[node].map { .layer($0) } ?? .other
  }
}
