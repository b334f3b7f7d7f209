import Networks

/// Which operator of a network a runtime's own timing belongs to.
///
/// Runtimes fuse and rename: what begins with an operator's name belongs to it, such as `stem.conv_nchwc` and
/// `stem.conv/WithoutBiases` to `stem.conv`; what they do not fuse, such as an activation that the inference core fuses,
/// belongs to the fused operator. What belongs to none, such as a change of layout, is the runtime's own.
package struct OperatorAttribution {
  /// The name under which the runtime's own time is summed up.
  package static let runtime = "runtime"

  /// The fused operators by the names of what they are fused from, and by those of the network's outputs.
  private let owners: [String: String]

  /// - Parameter network: the network that the runtime was given, not fused.
  package init(_ network: Network) {
    let names = network.fusedNames
    let outputs = network.outputs.compactMap { output in
      names[network.nodes[output.value].name].map { (output.name, $0) }
    }
    owners = Dictionary(outputs) { first, _ in first }.merging(names) { _, own in own }
  }

  /// The sums by operator.
  package func sums(_ timings: [String: Double]) -> [String: Double] {
    timings.reduce(into: [:]) { sums, timing in
      guard timing.value.isFinite, timing.value > 0 else { return }
      sums[owner(of: timing.key) ?? Self.runtime, default: 0] += timing.value
    }
  }

  /// The operator of the longest name that the text begins with, where a word ends.
  private func owner(of text: String) -> String? {
    // ONNX Runtime says so in front of a product that took over its activation.
    let text = text.hasPrefix("fused ") ? String(text.dropFirst("fused ".count)) : text
    if let owner = owners[text] { return owner }
    let ends = text.indices.reversed().filter { !text[$0].isLetter && !text[$0].isNumber }
    return ends.lazy.compactMap { owners[String(text[..<$0])] }.first
  }
}
