import ArgumentParser
import Compute
import Devices
import Diagnostics
import Foundation
import Inference

/// `quoin profile`: where a network's time goes.
struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "Show the time per fused operator.",
    discussion: """
      EXAMPLES
        quoin profile winner.onnx
        quoin profile winner.onnx --threads 2 --runs 200 --json
      """)

  @OptionGroup var options: ModelOptions
  @Option(help: "The number of runs.") var runs = 100
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    guard (1...1_000_000).contains(runs) else { throw ValidationError("--runs is from 1 to 1000000, not \(runs)") }
  }

  private struct Answer: Encodable {
    struct Row: Encodable {
      let name: String
      let op: String
      let latencyMs: Double
      let share: Double
      let macs: Int
      let gflops: Double
    }
    let operators: [Row]
    let totalMs: Double
    let runs: Int
    let threads: Int
    let isa: String
  }

  func run() throws {
    let (network, weights) = try options.network()
    let fused = try network.fused(with: weights)
    let threads = options.threads ?? 1
    let compiled = try CompiledNetwork(
      fused.network, weights: fused.weights, pool: ThreadPool(threads: threads, pinned: true), isa: options.level(),
      precision: options.arithmetic)
    try compiled.bind(fused.network.timingInputs)
    let timings = compiled.profile(runs: runs)
    let total = timings.reduce(0) { $0 + $1.milliseconds }
    if json {
      let rows = timings.map {
        Answer.Row(
          name: $0.name, op: $0.op, latencyMs: $0.milliseconds, share: $0.share, macs: $0.macs, gflops: $0.gigaflops)
      }
      return try Console.print(
        json: Answer(operators: rows, totalMs: total, runs: runs, threads: threads, isa: compiled.isa.rawValue),
        snakeCase: true)
    }
    let width = timings.map(\.name.count).max() ?? 0
    for timing in timings {
      let bar = String(repeating: "█", count: Int((40 * timing.share).rounded()))
      Console.print(
        timing.name.padding(toLength: width, withPad: " ", startingAt: 0)
          + String(
            format: "  %8.4f ms %5.1f %%  %6.1f GFLOP/s  ", timing.milliseconds, 100 * timing.share, timing.gigaflops)
          + bar)
    }
    Console.print(String(format: "sum %.4f ms", total))
  }
}
