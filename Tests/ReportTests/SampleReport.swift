import Foundation
import Networks
import Report
import Tensors

/// A report as a search on CIFAR-10 would give it; the numbers are invented, and the same every time.
enum SampleReport {
  static func make() -> SearchReport {
    SearchReport(
      title: "CIFAR-10 within 1.2, 2 and 3.5 ms",
      facts: [
        .init("search space", "mbconv-cifar · 10^17.4 networks"),
        .init("data", "cifar10 · 45,000 train, 5,000 validation, 10,000 test"),
        .init("device", "local-2-threads"), .init("seed", "7"), .init("date", "2026-11-21 03:40 UTC"),
        .init("quoin", "0.1.0"),
      ], budgets: budgets, candidates: candidates(), predictions: predictions(), training: training,
      progress: [progress],
      settings: [
        .init("training", "SGD, Nesterov 0.9, batch 128, 60 epochs"),
        .init("learning rate", "0.2, cosine, 5 epochs of warm-up"),
        .init("rule", "sandwich with 2 random networks, in-place distillation"),
        .init("label smoothing", "0.1"),
        .init("augmentation", "flip, shift by 4"), .init("evaluations", "400 per sampler"),
        .init("selection", "GLPK, 24 pools of 8"), .init("recalibration", "2,048 images"),
      ],
      device: "local-2-threads",
      fingerprint: DeviceFingerprint(
        cpu: "AMD EPYC 9554", isa: "avx512", threads: 2, precision: "fp32", runtime: "quoin-1",
        libraries: ["openblas": "0.3.21 SkylakeX"]),
      phases: [
        .init(name: "load data", seconds: 1.9), .init(name: "train the supernet", seconds: 3105),
        .init(name: "fit the latency predictor", seconds: 214), .init(name: "score blocks", seconds: 412),
        .init(name: "search", seconds: 655), .init(name: "validate", seconds: 268),
        .init(name: "export and test", seconds: 44),
      ])
  }

  private static let budgets = [
    BudgetResult(
      budgetMilliseconds: 1.2,
      winner: network(
        "selection", 1.171, 0.8123, depth: [1, 2, 2, 1], kernel: [3, 3, 5, 3], expand: [3, 3, 4, 3]),
      baselines: [
        baseline("random search", 1.166, 0.7987, lead: 0.0136),
        baseline("uniform scaling", 1.102, 0.7851, lead: 0.0272),
      ]),
    BudgetResult(
      budgetMilliseconds: 2,
      winner: network(
        "evolution", 1.963, 0.8411, depth: [2, 3, 3, 2], kernel: [3, 5, 5, 3], expand: [4, 4, 6, 6]),
      baselines: [
        baseline("random search", 1.984, 0.8316, lead: 0.0095),
        baseline("uniform scaling", 1.871, 0.8240, lead: 0.0171),
      ]),
    BudgetResult(
      budgetMilliseconds: 3.5,
      winner: network(
        "selection", 3.412, 0.8594, depth: [3, 4, 4, 4], kernel: [3, 5, 7, 5], expand: [4, 6, 6, 6]),
      baselines: [
        baseline("random search", 3.377, 0.8533, lead: 0.0061),
        baseline("uniform scaling", 3.495, 0.8562, lead: 0.0032),
      ]),
  ]

  private static func network(
    _ name: String, _ measured: Double, _ accuracy: Double, depth: [Int], kernel: [Int], expand: [Double]
  ) -> ReportedNetwork {
    ReportedNetwork(
      name: name, measuredMilliseconds: measured, predictedMilliseconds: measured * 1.013, accuracy: accuracy,
      accuracyInterval: .init(lower: accuracy - 0.0073, upper: accuracy + 0.0071),
      validationAccuracy: accuracy + 0.002,
      macs: Int(measured * 9.1e6), parameters: Int(measured * 2.2e5),
      hash: "9f2c41d07be3a95508d1c2f7", drawing: drawing(depth: depth, kernel: kernel, expand: expand))
  }

  private static func baseline(
    _ name: String, _ measured: Double, _ accuracy: Double, lead: Double
  ) -> ReportedNetwork {
    ReportedNetwork(
      name: name, measuredMilliseconds: measured, predictedMilliseconds: measured * 0.99, accuracy: accuracy,
      accuracyInterval: .init(lower: accuracy - 0.0074, upper: accuracy + 0.0072),
      advantageInterval: .init(lower: lead - 0.0058, upper: lead + 0.0058), macs: Int(measured * 9.4e6),
      parameters: Int(measured * 2.4e5))
  }

  static func drawing(depth: [Int], kernel: [Int], expand: [Double]) -> ArchitectureDrawing {
    let (channels, sizes) = ([24, 40, 80, 160], [32, 16, 8, 4])
    let stages = depth.indices.map { stage in
      ArchitectureDrawing.Stage(
        name: ["early", "middle", "deep", "late"][stage],
        blocks: (0..<depth[stage]).map { block in
          .init(
            kind: stage == 0 ? "fused_mbconv" : "mbconv", kernel: kernel[stage], expand: expand[stage],
            channels: channels[stage], stride: block == 0 && stage > 0 ? 2 : 1,
            squeezeExcite: stage >= 2 && block != 1,
            height: sizes[stage], width: sizes[stage])
        })
    }
    return ArchitectureDrawing(
      input: "3×32×32",
      stages: [
        .init(name: "stem", blocks: [.init(kind: "conv", kernel: 3, channels: 16, height: 32, width: 32)])
      ] + stages
        + [.init(name: "head", blocks: [.init(kind: "conv", kernel: 1, channels: 320, height: 4, width: 4)])],
      classes: 10)
  }

  private static func candidates() -> [CandidatePoint] {
    var random = RandomSource(seed: 11)
    var points: [CandidatePoint] = []
    for (method, count, offset) in [
      ("random search", 60, -0.012), ("uniform scaling", 8, -0.015), ("evolution", 45, -0.004),
      ("selection", 30, -0.001),
    ] {
      for index in 0..<count {
        let latency = method == "uniform scaling" ? 0.8 + 0.45 * Double(index) : 0.7 + 3.3 * random.uniform()
        let noise = 0.006 * random.normal()
        points.append(
          .init(
            method: method, measuredMilliseconds: latency,
            accuracy: 0.875 - 0.075 / latency + offset - abs(noise),
            label: "architecture \(index)"))
      }
    }
    for result in budgets {
      guard let winner = result.winner else { continue }
      points.append(
        .init(
          method: winner.name, measuredMilliseconds: winner.measuredMilliseconds,
          accuracy: 0.8765 - 0.075 / winner.measuredMilliseconds,
          wonBudgetMilliseconds: result.budgetMilliseconds,
          label: winner.hash ?? ""))
    }
    return points
  }

  private static func predictions() -> [LatencyPrediction] {
    var random = RandomSource(seed: 3)
    return (0..<70).map { _ in
      let measured = 0.7 + 3.2 * random.uniform()
      return .init(
        predictedMilliseconds: measured * (1 + 0.035 * random.normal()), measuredMilliseconds: measured)
    }
  }

  private static let training = [
    CurveChart(
      title: "Supernet training", xLabel: "epoch", yLabel: "loss",
      curves: ["largest", "random", "smallest"].enumerated().map { series, name in
        .init(
          name: name, x: (1...60).map(Double.init),
          y: (1...60).map { 0.55 + 0.12 * Double(series) + 1.9 * exp(-Double($0) / (9 + 2 * Double(series))) }
        )
      }),
    CurveChart(
      title: "Validation accuracy while training", xLabel: "epoch", yLabel: "accuracy", unit: .fraction,
      curves: ["largest", "smallest"].enumerated().map { series, name in
        .init(
          name: name, x: stride(from: 5, through: 60, by: 5).map(Double.init),
          y: stride(from: 5, through: 60, by: 5).map {
            0.86 - 0.07 * Double(series) - 0.5 * exp(-Double($0) / 11)
          })
      }),
  ]

  private static let progress = CurveChart(
    title: "Search within 2 ms", xLabel: "trial", yLabel: "best validation accuracy", unit: .fraction,
    isStepwise: true,
    curves: [
      .init(
        name: "evolution", x: [1, 9, 22, 41, 80, 155, 260, 400],
        y: [0.791, 0.806, 0.818, 0.827, 0.833, 0.838, 0.841, 0.841]),
      .init(
        name: "random search", x: [1, 4, 31, 66, 190, 400], y: [0.784, 0.804, 0.812, 0.819, 0.826, 0.826]),
      .init(name: "selection", x: [1, 6, 14, 48], y: [0.829, 0.834, 0.839, 0.840]),
    ])
}
