import ArgumentParser
import Compute
import Devices
import Diagnostics
import Foundation
import Inference

/// `quoin profile`: where a network's time goes.
struct ProfileCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "profile", abstract: "Show the time per fused operator, and its share of the machine's peak.",
    discussion: """
      The peak is what the multipliers of this machine do when they do nothing else; it is measured first. Below the table
      stand the slowest operators, and the least time that the network could take: by its arithmetic, and by reading its
      weights from memory once. Winograd convolutions multiply less than is counted and may exceed the peak.

      EXAMPLES
        quoin profile winner.onnx
        quoin profile winner.onnx --threads 2 --runs 200 --json
        quoin profile quantised.onnx --precision int8
      """)

  @OptionGroup var options: ModelOptions
  @Option(help: "The number of runs.") var runs = 100
  @Option(help: "How many of the slowest operators are named.") var slowest = 5
  @Flag(help: "Print one JSON document.") var json = false

  func validate() throws {
    guard (1...1_000_000).contains(runs) else { throw ValidationError("--runs is from 1 to 1000000, not \(runs)") }
    guard (0...1_000_000).contains(slowest) else {
      throw ValidationError("--slowest is from 0 to 1000000, not \(slowest)")
    }
  }

  private struct Answer: Encodable {
    struct Row: Encodable {
      let name: String
      let op: String
      let latencyMs: Double
      let share: Double
      let macs: Int
      let gflops: Double
      let shareOfPeak: Double
    }
    let operators: [Row]
    let totalMs: Double
    let arithmeticLimitMs: Double
    let weightsLimitMs: Double
    let peakGflops: Double
    let readGigabytesPerSecond: Double
    let peakActivationBytes: Int
    let liveActivationBytes: Int
    let workspaceBytes: Int
    let weightBytes: Int
    let runs: Int
    let threads: Int
    let isa: String
    let precision: String
  }

  func run() throws {
    let (network, weights) = try options.network()
    let fused = try network.fused(with: weights)
    let threads = options.threads ?? 1
    let compiled = try CompiledNetwork(
      fused.network, weights: fused.weights, pool: ThreadPool(threads: threads, pinned: true), isa: options.level(),
      precision: options.arithmetic, linearFormat: options.linearFormat)
    let machine = MachineProbe.measured(threads: threads, isa: min(compiled.isa, .avx512))
    let isInBytes = options.arithmetic == .int8
    let peak = isInBytes ? machine.peakByteGigaops : machine.peakGigaflops
    try compiled.bind(fused.network.timingInputs)
    let rows = compiled.profile(runs: runs).map {
      Answer.Row(
        name: $0.name, op: $0.op, latencyMs: $0.milliseconds, share: $0.share, macs: $0.macs, gflops: $0.gigaflops,
        shareOfPeak: $0.gigaflops / peak)
    }
    let answer = Answer(
      operators: rows, totalMs: rows.reduce(0) { $0 + $1.latencyMs },
      arithmeticLimitMs: 2e-6 * Double(rows.reduce(0) { $0 + $1.macs }) / peak,
      weightsLimitMs: 1e-6 * Double(compiled.weightBytes) / machine.readGigabytesPerSecond, peakGflops: peak,
      readGigabytesPerSecond: machine.readGigabytesPerSecond, peakActivationBytes: compiled.peakActivationBytes,
      liveActivationBytes: compiled.liveActivationBytes, workspaceBytes: compiled.workspaceBytes,
      weightBytes: compiled.weightBytes, runs: runs, threads: threads, isa: compiled.isa.rawValue,
      precision: options.precision)
    if json { return try Console.print(json: answer, snakeCase: true) }
    printTable(answer)
  }

  private func printTable(_ answer: Answer) {
    let width = answer.operators.map(\.name.count).max() ?? 0
    for row in answer.operators { Console.print(line(row, width)) }
    if slowest > 0 {
      Console.print("\nslowest operators")
      for row in answer.operators.sorted(by: { $0.latencyMs > $1.latencyMs }).prefix(slowest) {
        Console.print(line(row, width))
      }
    }
    Console.print(
      String(
        format: "\nsum %.4f ms; at the peak of %.0f GFLOP/s the arithmetic takes %.4f ms (%.0f %%), "
          + "reading the weights once at %.1f GB/s %.4f ms",
        answer.totalMs, answer.peakGflops, answer.arithmeticLimitMs,
        100 * answer.arithmeticLimitMs / answer.totalMs, answer.readGigabytesPerSecond, answer.weightsLimitMs))
    Console.print(
      "activations \(answer.peakActivationBytes) bytes (at least \(answer.liveActivationBytes)), "
        + "workspace \(answer.workspaceBytes), weights \(answer.weightBytes)")
  }

  private func line(_ row: Answer.Row, _ width: Int) -> String {
    let bar = String(repeating: "█", count: Int((40 * row.share).rounded()))
    return row.name.padding(toLength: width, withPad: " ", startingAt: 0)
      + String(
        format: "  %8.4f ms %5.1f %%  %6.1f GFLOP/s %5.1f %% of peak  ", row.latencyMs, 100 * row.share, row.gflops,
        100 * row.shareOfPeak) + bar
  }
}
