import Networks

/// Everything that one search has to tell, as plain numbers; ``html()`` makes the page of it.
///
/// Times are in milliseconds or seconds, accuracies fractions 0…1. A number that is not finite is left out of
/// plots and shown as a dash.
///
///     try writeAtomically(Data(report.html().utf8), to: "runs/cifar10/report.html")
public struct SearchReport: Hashable, Sendable, Codable {
  /// The experiment's name.
  public var title: String
  /// Short facts for the head of the page, such as space, data, seed, date and versions.
  public var facts: [ReportFact]
  /// One result per latency budget.
  public var budgets: [BudgetResult]
  /// Every network whose latency was measured and whose accuracy was validated, winners and baselines
  /// included.
  public var candidates: [CandidatePoint]
  /// Predicted and measured latencies of networks that the predictor had not seen when it predicted.
  public var predictions: [LatencyPrediction]
  /// How training went: loss or accuracy over steps.
  public var training: [CurveChart]
  /// How the search went: the best accuracy within the budget over trials, a curve per sampler.
  public var progress: [CurveChart]
  /// The experiment's settings.
  public var settings: [ReportFact]
  /// The device's name.
  public var device: String
  /// What the latencies depend on.
  public var fingerprint: DeviceFingerprint?
  /// Where the time went.
  public var phases: [ReportPhase]

  /// Creates a report; what is not known stays empty, and its section is left out.
  public init(
    title: String, facts: [ReportFact] = [], budgets: [BudgetResult] = [], candidates: [CandidatePoint] = [],
    predictions: [LatencyPrediction] = [], training: [CurveChart] = [], progress: [CurveChart] = [],
    settings: [ReportFact] = [], device: String = "", fingerprint: DeviceFingerprint? = nil,
    phases: [ReportPhase] = []
  ) {
    self.title = title
    self.facts = facts
    self.budgets = budgets
    self.candidates = candidates
    self.predictions = predictions
    self.training = training
    self.progress = progress
    self.settings = settings
    self.device = device
    self.fingerprint = fingerprint
    self.phases = phases
  }
}

/// A name and a value, shown side by side.
public struct ReportFact: Hashable, Sendable, Codable {
  /// What it is, such as `space`.
  public var name: String
  /// What it is worth, such as `mbconv-cifar (10^18 networks)`.
  public var value: String

  /// Creates a fact.
  public init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// A part of the work and how long it took.
public struct ReportPhase: Hashable, Sendable, Codable {
  /// What was done.
  public var name: String
  /// Wall-clock seconds.
  public var seconds: Double

  /// Creates a phase.
  public init(name: String, seconds: Double) {
    self.name = name
    self.seconds = seconds
  }
}

/// An interval of confidence.
public struct ReportInterval: Hashable, Sendable, Codable {
  /// The lower end.
  public var lower: Double
  /// The upper end.
  public var upper: Double

  /// Creates an interval.
  public init(lower: Double, upper: Double) {
    self.lower = lower
    self.upper = upper
  }
}

/// What came out for one latency budget.
public struct BudgetResult: Hashable, Sendable, Codable {
  /// The budget.
  public var budgetMilliseconds: Double
  /// The delivered network, or `nil` where no network fits.
  public var winner: ReportedNetwork?
  /// Networks found by simpler means under the same budget.
  public var baselines: [ReportedNetwork]
  /// A sentence for the reader, such as why there is no winner.
  public var note: String?

  /// Creates a result.
  public init(
    budgetMilliseconds: Double, winner: ReportedNetwork?, baselines: [ReportedNetwork] = [],
    note: String? = nil
  ) {
    self.budgetMilliseconds = budgetMilliseconds
    self.winner = winner
    self.baselines = baselines
    self.note = note
  }
}

/// A network with its measured numbers.
public struct ReportedNetwork: Hashable, Sendable, Codable {
  /// How it was found, such as `selection` or `random search`.
  public var name: String
  /// The measured median latency.
  public var measuredMilliseconds: Double
  /// The latency that the predictor gave it before it was measured.
  public var predictedMilliseconds: Double?
  /// The accuracy on test data.
  public var accuracy: Double
  /// The 95 % interval of ``accuracy``.
  public var accuracyInterval: ReportInterval?
  /// The 95 % interval of the winner's accuracy minus this one's, paired over test images; baselines only.
  public var advantageInterval: ReportInterval?
  /// The accuracy on the images held out for choosing.
  public var validationAccuracy: Double?
  /// Multiply-accumulates of one image.
  public var macs: Int?
  /// Trained numbers.
  public var parameters: Int?
  /// The architecture's hash.
  public var hash: String?
  /// How it looks.
  public var drawing: ArchitectureDrawing?

  /// Creates a network's numbers; what is not known stays `nil`.
  public init(
    name: String, measuredMilliseconds: Double, predictedMilliseconds: Double? = nil, accuracy: Double,
    accuracyInterval: ReportInterval? = nil, advantageInterval: ReportInterval? = nil,
    validationAccuracy: Double? = nil, macs: Int? = nil, parameters: Int? = nil, hash: String? = nil,
    drawing: ArchitectureDrawing? = nil
  ) {
    self.name = name
    self.measuredMilliseconds = measuredMilliseconds
    self.predictedMilliseconds = predictedMilliseconds
    self.accuracy = accuracy
    self.accuracyInterval = accuracyInterval
    self.advantageInterval = advantageInterval
    self.validationAccuracy = validationAccuracy
    self.macs = macs
    self.parameters = parameters
    self.hash = hash
    self.drawing = drawing
  }
}

/// One point of the Pareto plot.
public struct CandidatePoint: Hashable, Sendable, Codable {
  /// How it was found; points of one method share colour and shape.
  public var method: String
  /// The measured median latency.
  public var measuredMilliseconds: Double
  /// The accuracy on the images held out for choosing.
  public var accuracy: Double
  /// The budget that it won, or `nil`.
  public var wonBudgetMilliseconds: Double?
  /// The architecture's hash or another name, shown on hovering.
  public var label: String

  /// Creates a point.
  public init(
    method: String, measuredMilliseconds: Double, accuracy: Double, wonBudgetMilliseconds: Double? = nil,
    label: String = ""
  ) {
    self.method = method
    self.measuredMilliseconds = measuredMilliseconds
    self.accuracy = accuracy
    self.wonBudgetMilliseconds = wonBudgetMilliseconds
    self.label = label
  }
}

/// A latency as predicted and as measured.
public struct LatencyPrediction: Hashable, Sendable, Codable {
  /// What the predictor said.
  public var predictedMilliseconds: Double
  /// What the device took.
  public var measuredMilliseconds: Double

  /// Creates a pair.
  public init(predictedMilliseconds: Double, measuredMilliseconds: Double) {
    self.predictedMilliseconds = predictedMilliseconds
    self.measuredMilliseconds = measuredMilliseconds
  }
}

/// Lines over one axis.
public struct CurveChart: Hashable, Sendable, Codable {
  /// What the vertical numbers are.
  public enum Unit: String, Hashable, Sendable, Codable {
    /// Plain numbers, such as a loss.
    case number
    /// Fractions, shown as percentages.
    case fraction
  }

  /// A named line.
  public struct Curve: Hashable, Sendable, Codable {
    /// The name in the legend.
    public var name: String
    /// Horizontal positions, ascending.
    public var x: [Double]
    /// Values, one per position.
    public var y: [Double]

    /// Creates a line; where the arrays differ in length, the shorter one counts.
    public init(name: String, x: [Double], y: [Double]) {
      self.name = name
      self.x = x
      self.y = y
    }
  }

  /// The heading.
  public var title: String
  /// The horizontal axis, such as `epoch`.
  public var xLabel: String
  /// The vertical axis, such as `loss`.
  public var yLabel: String
  /// What the values are.
  public var unit: Unit
  /// Whether values hold until the next position, as a best-so-far does, instead of changing steadily.
  public var isStepwise: Bool
  /// The lines.
  public var curves: [Curve]

  /// Creates a chart.
  public init(
    title: String, xLabel: String, yLabel: String, unit: Unit = .number, isStepwise: Bool = false,
    curves: [Curve]
  ) {
    self.title = title
    self.xLabel = xLabel
    self.yLabel = yLabel
    self.unit = unit
    self.isStepwise = isStepwise
    self.curves = curves
  }
}
