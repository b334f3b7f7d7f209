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
    let measured = try profile.memory.latency(of: fastest.architecture) {
      let network = try space.network(for: fastest.architecture)
      return (network, network.timingWeights(seed: experiment.seed))
    }.latency.median
    // Both count: a budget has to leave room for proposals, which go by predictions, and for the measurement.
    let floor = max(measured, fastest.milliseconds)
    let attainable = (floor / (1 - experiment.search.margin)).roundedUp(digits: 3)
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

extension Double {
  /// The next number of so many decimal digits after the first.
  fileprivate func roundedUp(digits: Int) -> Double {
    guard self > 0, isFinite else { return self }
    let scale = pow(10, Double(digits - 1) - Foundation.floor(log10(self)))
    return (self * scale).rounded(.up) / scale
  }
}
