import Foundation
import Search

/// What `result.json` says about one budget.
public struct SearchResult: Hashable, Sendable, Codable {
  /// A network found by simpler means under the same budget.
  public struct Baseline: Hashable, Sendable, Codable {
    enum CodingKeys: String, CodingKey {
      case name, accuracy, advantage, architecture
      case measuredMilliseconds = "measured_ms"
      case validationAccuracy = "validation_accuracy"
    }

    /// `random search` or `uniform scaling`.
    public var name: String
    /// The measured median latency.
    public var measuredMilliseconds: Double
    /// The accuracy on test data.
    public var accuracy: Double
    /// The accuracy on the images that it was chosen by.
    public var validationAccuracy: Double
    /// The winner's test accuracy less this one's, with its paired 95 % interval.
    public var advantage: Advantage
    /// The architecture.
    public var architecture: String
  }

  /// A difference of accuracies with its 95 % interval.
  public struct Advantage: Hashable, Sendable, Codable {
    /// The estimate.
    public var difference: Double
    /// The lower end.
    public var lower: Double
    /// The upper end.
    public var upper: Double
  }

  /// A candidate that no other beats in both latency and validation accuracy.
  public struct ParetoPoint: Hashable, Sendable, Codable {
    enum CodingKeys: String, CodingKey {
      case architecture, accuracy
      case measuredMilliseconds = "measured_ms"
    }

    /// The architecture's canonical JSON.
    public var architecture: String
    /// The measured median latency.
    public var measuredMilliseconds: Double
    /// The accuracy on validation data: test data are for winners and baselines alone.
    public var accuracy: Double
  }

  enum CodingKeys: String, CodingKey {
    case device, accuracy, baselines, pareto, seconds, architecture, method, seed, versions, evaluations
    case budgetMilliseconds = "budget_ms"
    case predictedMilliseconds = "predicted_ms"
    case measuredMilliseconds = "measured_ms"
    case measuredP90 = "measured_p90_ms"
    case isDisturbed = "disturbed"
    case supernetAccuracy = "supernet_accuracy"
    case validationAccuracy = "validation_accuracy"
    case multiplyAccumulates = "macs"
    case parameters
    case paretoAccuracy = "pareto_accuracy_on"
    case scoredNetworks = "scored_networks"
    case testImages = "test_images"
    case validationImages = "validation_images"
  }

  /// The budget.
  public var budgetMilliseconds: Double
  /// The device's name.
  public var device: String
  /// The winner's latency as it was predicted before it was measured.
  public var predictedMilliseconds: Double
  /// The winner's measured median latency.
  public var measuredMilliseconds: Double
  /// The 90th percentile of the winner's latency.
  public var measuredP90: Double
  /// Whether the machine was disturbed while the winner was measured.
  public var isDisturbed: Bool
  /// The exported winner's accuracy on test data.
  public var accuracy: Double
  /// The accuracy of the supernet's slice on test data.
  public var supernetAccuracy: Double
  /// The accuracy on the images that candidates were chosen by.
  public var validationAccuracy: Double
  /// The winner.
  public var architecture: String
  /// The sampler that proposed it.
  public var method: String
  /// The winner's multiply-accumulates for one image.
  public var multiplyAccumulates: Int
  /// The winner's trained numbers.
  public var parameters: Int
  /// Networks found by simpler means.
  public var baselines: [Baseline]
  /// The best trade-offs among all that was measured.
  public var pareto: [ParetoPoint]
  /// What the accuracies in ``pareto`` are on.
  public var paretoAccuracy = "validation"
  /// Architectures that were validated for this budget; random search had at least as many.
  public var evaluations: Int
  /// Networks that were evaluated on fewer images for the table of block selection, once for all budgets.
  public var scoredNetworks: Int
  /// Test images.
  public var testImages: Int
  /// Validation images.
  public var validationImages: Int
  /// The seed of every random decision.
  public var seed: UInt64
  /// Seconds by phase, for all budgets together, over all runs that were not killed.
  public var seconds: [String: Double]
  /// What the measurements were made with.
  public var versions: [String: String]
}

/// What a search comes to.
public enum SearchOutcome: Sendable {
  /// A winner for every budget.
  case delivered([SearchResult])
  /// A budget that no network keeps.
  case infeasible(InfeasibleBudget)
}

/// A budget that no network of the space keeps on the device.
public struct InfeasibleBudget: Hashable, Sendable, Codable {
  enum CodingKeys: String, CodingKey {
    case status, attainable, device
    case budgetMilliseconds = "budget_ms"
  }

  /// Always `infeasible`.
  public var status = "infeasible"
  /// The budget.
  public var budgetMilliseconds: Double
  /// The device's name.
  public var device: String
  /// The tightest budget that can be kept: `latency_ms`.
  public var attainable: [String: Double]
}
