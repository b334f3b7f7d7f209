import Devices
import Diagnostics
import Foundation
import Latency
import Networks
import SearchSpaces

/// Turns the budgets of an experiment into milliseconds, and finds those that no network keeps before any training.
struct BudgetResolution {
  let experiment: Experiment
  let space: SearchSpace
  let profile: DeviceProfile

  /// The budgets and the fastest network, or the first budget that cannot be kept.
  enum Answer {
    case budgets([Double], fastest: Architecture)
    case infeasible(InfeasibleBudget)
  }

  /// - Parameter explicit: Budgets that replace the experiment's.
  func run(explicit: [Double]) throws -> Answer {
    let fastest = try space.fastest(by: profile.predictor)
    let network = try space.network(for: fastest.architecture)
    let measured = try profile.memory.latency(
      of: fastest.architecture, as: .network, expected: profile.predictor.predict(network).upper
    ) { (network, network.timingWeights(seed: experiment.seed)) }.latency.median
    // Both count: a budget has to leave room for proposals, which go by predictions, and for the measurement.
    let attainable = experiment.search.attainable(max(measured, fastest.milliseconds))
    let budgets = explicit.isEmpty ? own(floor: attainable) : explicit
    if let budget = budgets.first(where: { $0 < attainable }) {
      return .infeasible(
        InfeasibleBudget(
          budgetMilliseconds: budget, device: profile.memory.device.name, attainable: ["latency_ms": attainable]))
    }
    return .budgets(budgets, fastest: fastest.architecture)
  }

  private func own(floor: Double) -> [Double] {
    guard experiment.budgetsMilliseconds.isEmpty else { return experiment.budgetsMilliseconds }
    return experiment.budgetFractions.map { fraction in
      (floor + fraction * max(0, profile.slowest - floor)).roundedUp(digits: 2)
    }
  }
}

extension Experiment.Searching {
  /// The tightest budget that a measured latency keeps.
  func attainable(_ milliseconds: Double) -> Double { (milliseconds / (1 - margin)).roundedUp(digits: 3) }
}

extension Double {
  /// The next number of so many decimal digits after the first.
  fileprivate func roundedUp(digits: Int) -> Double {
    guard self > 0, isFinite else { return self }
    let scale = pow(10, Double(digits - 1) - Foundation.floor(log10(self)))
    return (self * scale).rounded(.up) / scale
  }
}
