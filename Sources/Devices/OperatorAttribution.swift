import Networks

/// Which operator of a network a runtime's own timing belongs to.
///
/// Runtimes fuse and rename: what begins with an operator's name belongs to it, such as `stem.conv_nchwc` and
/// `stem.conv/WithoutBiases` to `stem.conv`; what they do not fuse, such as an activation that the inference core fuses,
/// belongs to the fused operator. What belongs to none, such as a change of layout, is the runtime's own, after the operator
/// that ran before it.
package struct OperatorAttribution {
  /// What a runtime says of one of its operators.
  package struct Timing: Hashable, Sendable, Decodable {
    var name: String
    package var milliseconds: Double

    /// Creates a timing.
    package init(name: String, milliseconds: Double) { (self.name, self.milliseconds) = (name, milliseconds) }
  }

  /// The name under which the runtime's own time before the first operator is summed up.
  package static let runtime = "runtime"
  private static let afterPrefix = runtime + "/"

  /// The name under which the runtime's own time after an operator is summed up.
  package static func after(_ node: String) -> String { afterPrefix + node }

  /// The runtime's own times among sums, by the operators that they come after.
  package static func nodes(after sums: [String: Double]) -> [String: Double] {
    Dictionary(
      uniqueKeysWithValues: sums.lazy.filter { $0.key.hasPrefix(afterPrefix) }.map {
        (String($0.key.dropFirst(afterPrefix.count)), $0.value)
      })
  }

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

  /// The sums by operator of a runtime's timings in the order in which its operators run.
  package func sums(inOrder timings: [Timing]) -> [String: Double] {
    var last: String?
    return timings.reduce(into: [:]) { sums, timing in
      guard timing.milliseconds.isFinite, timing.milliseconds > 0 else { return }
      let owner = owner(of: timing.name)
      if let owner { last = owner }
      sums[owner ?? last.map(Self.after) ?? Self.runtime, default: 0] += timing.milliseconds
    }
  }

  /// The sums by operator of sums that were made elsewhere, where operators may have other names.
  package func sums(of elsewhere: [String: Double]) -> [String: Double] {
    elsewhere.reduce(into: [:]) { sums, timing in
      guard timing.value.isFinite, timing.value > 0 else { return }
      let own: String?
      if timing.key.hasPrefix(Self.afterPrefix) {
        own = owner(of: String(timing.key.dropFirst(Self.afterPrefix.count))).map(Self.after)
      } else {
        own = owner(of: timing.key)
      }
      sums[own ?? Self.runtime, default: 0] += timing.value
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
