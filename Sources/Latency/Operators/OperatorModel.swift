import Diagnostics
import Foundation
import Networks

/// What the operators of a network take on one device, and the network as a whole.
///
/// An operator takes what a linear model of its amounts of work says, whose coefficients are never negative, times a smooth
/// factor of its position among timed operators. What the runtime does for itself is linear in bytes and calls. The sum is
/// corrected by a smooth factor of the network's working set.
package struct OperatorModel: Hashable, Sendable {
  /// Milliseconds per unit of work, by category.
  var coefficients = FeatureTotals()
  /// Models of other devices that stand in place of the coefficients that are not there.
  var sources: [Source] = []
  /// The factor on what the sources tell.
  package var scale = 1.0
  /// The logarithm of the factor on an operator's milliseconds, by group.
  package var corrections: [String: GaussianProcess] = [:]
  /// What the runtime takes between operators by ``Passing/kind``, by ``Passing/origin``, and under "" for all; empty where it
  /// takes nothing there.
  package var passings: [String: PassingCost] = [:]
  /// The logarithm of the factor on what the runtime takes between operators, by ``Passing/kind``.
  var passingCorrections: [String: GaussianProcess] = [:]
  /// Milliseconds of the runtime itself per unit of its work.
  package var overheads: [String: Double] = [:]
  /// The logarithm of the factor on a network's milliseconds, by its working set.
  var footprint: GaussianProcess?

  /// A model of another device, and its share: the logarithm of the base is the sum of the sources' logarithms by shares.
  package struct Source: Hashable, Sendable, Codable {
    var name: String
    var share: Double
    var model: OperatorModel
  }

  /// What the runtime takes between two operators.
  package struct PassingCost: Hashable, Sendable, Codable {
    /// Milliseconds per result.
    var call: Double
    /// Milliseconds per byte.
    var byte: Double

    func milliseconds(_ passing: Passing) -> Double { call + byte * passing.bytes }
  }

  /// Parts of a latency, which add up over operators.
  package struct Parts: Hashable, Sendable {
    /// Milliseconds.
    package var milliseconds = 0.0
    /// Milliseconds of operators unlike those that were timed.
    package var doubt = 0.0

    package static func + (a: Self, b: Self) -> Self {
      Self(milliseconds: a.milliseconds + b.milliseconds, doubt: a.doubt + b.doubt)
    }
  }

  /// A predicted latency.
  package struct Latency: Hashable, Sendable {
    package var milliseconds: Double
    /// The part of the time that is spent in operators unlike those that were timed, from 0 to 1.
    var novelty: Double
  }

  /// Milliseconds that are added before factors between operators are taken, where there may be none.
  static let passingTick = 2e-4
  /// No operator takes less: a clock's tick.
  static let least = 2e-5

  /// The latency of a network.
  ///
  /// - Throws: ``Diagnostic`` that names the first operator of a kind that was never measured.
  package func latency(of network: NetworkFeatures) throws -> Latency {
    var sum = try network.operators.reduce(Parts()) { $1.category.isGiven ? $0 : $0 + (try parts(of: $1)) }
    sum = network.passings.reduce(sum) { $0 + parts(of: $1) }
    sum.milliseconds += overhead(of: network)
    let factor = footprintFactor(workingSet: network.workingSet)
    return Latency(
      milliseconds: factor * sum.milliseconds, novelty: sum.milliseconds > 0 ? sum.doubt / sum.milliseconds : 0)
  }

  /// What the runtime takes for itself.
  func overhead(of network: NetworkFeatures) -> Double {
    // In a fixed order, since sums in floating point depend on it.
    overheads.sorted { $0.key < $1.key }.reduce(0) { $0 + $1.value * network.runtimeWork[$1.key, default: 0] }
  }

  /// What the runtime takes between two operators; of kinds that were never measured, what it takes between others.
  package func parts(of passing: Passing) -> Parts {
    if let cost = passings[passing.kind] {
      let base = cost.milliseconds(passing)
      guard let correction = passingCorrections[passing.kind]?.value(at: passing.position) else {
        return Parts(milliseconds: base)
      }
      let milliseconds = max(0, (base + Self.passingTick) * correction.factor - Self.passingTick)
      return Parts(milliseconds: milliseconds, doubt: correction.novelty * milliseconds)
    }
    let likely = (passings[passing.origin] ?? passings[""])?.milliseconds(passing) ?? 0
    return Parts(milliseconds: likely, doubt: likely)
  }

  /// What an operator takes, before the factor of the whole network.
  ///
  /// - Throws: ``Diagnostic`` that names the operator where its kind was never measured.
  func parts(of features: OperatorFeatures) throws -> Parts {
    let base = try baseMilliseconds(of: features)
    guard let correction = corrections[features.category.group]?.value(at: features.position) else {
      return Parts(milliseconds: base, doubt: base)
    }
    let milliseconds = base * correction.factor
    return Parts(milliseconds: milliseconds, doubt: correction.novelty * milliseconds)
  }

  /// The milliseconds that the correction multiplies.
  func baseMilliseconds(of features: OperatorFeatures) throws -> Double {
    if coefficients.contains(features.category) {
      return max(Self.least, features.terms.dot(coefficients[features.category]))
    }
    guard !sources.isEmpty else { throw features.neverMeasured(known: coefficients) }
    return scale * exp(try sources.reduce(0) { $0 + $1.share * log(try $1.model.parts(of: features).milliseconds) })
  }

  /// Whether operators of all categories of a network were timed.
  func knows(_ network: NetworkFeatures) -> Bool {
    network.operators.allSatisfy { $0.category.isGiven || knows($0.category) }
  }

  /// Whether operators of a category were timed, here or on all of the other devices.
  func knows(_ category: OperatorCategory) -> Bool {
    coefficients.contains(category) || !sources.isEmpty && sources.allSatisfy { $0.model.knows(category) }
  }

  /// The factor on a network's milliseconds.
  package func footprintFactor(workingSet: Double) -> Double {
    footprint.map { $0.value(at: OperatorPosition(size: workingSet)).factor } ?? 1
  }
}
