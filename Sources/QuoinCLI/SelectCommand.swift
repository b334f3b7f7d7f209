import ArgumentParser
import BlockSelection
import Diagnostics
import Foundation
import Quoin

/// `quoin select`: one alternative per group under budgets, with a proof.
struct SelectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "select", abstract: "Choose one alternative per group under budgets, to proven optimality.",
    discussion: """
      The instance is a JSON file with sense, groups, budgets and, where they are needed, fixed costs, interactions, probabilities,
      batch sizes, kinds and earlier selections; docs/SELECTION.md describes it. The answer is one JSON document; an
      infeasible instance ends with exit code 2 and says what is attainable and what would have to give way.

      EXAMPLES
        quoin select instance.json
        quoin select instance.json --sweep latency_ms=20
        quoin select instance.json --sweep latency_ms=100 --plot front.svg
        quoin select instance.json --sweep latency_ms=10 --sweep memory_bytes=10
        quoin select instance.json --pool 5 --time-limit 60
        quoin select instance.json --pool 5 --max-overlap 0.8
      """)

  @Argument(help: "The instance.") var instance: String
  @Option(help: "Seconds after which each solve stops with the best point found.") var timeLimit: Double?
  @Option(help: "The relative gap at which a solve may stop.") var gap = 0.0
  @Option(help: "BUDGET=N: N points of the front over one budget; given twice: over two.") var sweep: [String] = []
  @Option(help: "An SVG file to write, of a sweep's objectives over the budget's limit.") var plot: String?
  @Option(help: "The K best selections instead of one.") var pool: Int?
  @Option(help: "With --pool: the largest fraction of groups in which one may be as another, such as 0.8.")
  var maxOverlap: Double?
  @Flag(help: "Write what GLPK says, where it is asked, to standard error.") var verbose = false
  @Flag(help: "Accepted for symmetry; the answer is always JSON.") var json = false

  func validate() throws {
    if let timeLimit, !(timeLimit > 0) { throw ValidationError("--time-limit is above 0") }
    guard gap >= 0, gap < 1 else { throw ValidationError("--gap is at least 0 and below 1") }
    guard sweep.isEmpty || pool == nil else { throw ValidationError("--sweep and --pool exclude each other") }
    guard sweep.count <= 2 else { throw ValidationError("--sweep is given once or twice") }
    guard maxOverlap == nil || pool != nil else { throw ValidationError("--max-overlap belongs to --pool") }
    if let maxOverlap, !(0...1).contains(maxOverlap) { throw ValidationError("--max-overlap is from 0 to 1") }
    if let pool, !(1...10_000).contains(pool) { throw ValidationError("--pool is from 1 to 10000") }
    guard plot == nil || sweep.count == 1 else { throw ValidationError("--plot draws one --sweep") }
    guard sweeps.count == sweep.count else { throw ValidationError("--sweep is BUDGET=N with N from 2 to 10000") }
    if sweeps.count == 2, sweeps[0].count * sweeps[1].count > 10_000 {
      throw ValidationError("two sweeps have at most 10000 points together")
    }
  }

  private var sweeps: [(budget: String, count: Int)] {
    sweep.compactMap { text in
      guard let equals = text.lastIndex(of: "="), let count = Int(text[text.index(after: equals)...]),
        (2...10_000).contains(count)
      else { return nil }
      return (String(text[..<equals]), count)
    }
  }

  func run() throws {
    let problem = try SelectionProblem(contentsOf: instance)
    let options = options
    let (document, code) = try answer(problem, options)
    Console.print(String(decoding: document, as: UTF8.self))
    // A pool leaves out the selection that it was stopped at, so that its results do not tell.
    if options.isInterrupted?() == true { throw ExitCode(130) }
    if code != 0 { throw ExitCode(code) }
  }

  private var options: SelectionOptions {
    var options = SelectionOptions()
    if let timeLimit { options.timeLimit = timeLimit }
    options.gap = gap
    let monitor = Console.monitor()
    options.isInterrupted = monitor.isInterrupted
    options.progress = { done, count in
      monitor.report(ProgressUpdate(phase: "selecting", completed: done, total: count))
    }
    if verbose { options.log = { Console.note($0) } }
    return options
  }

  private func answer(_ problem: SelectionProblem, _ options: SelectionOptions) throws -> (Data, Int32) {
    if sweeps.count == 2 {
      let grid = try SelectionSolver.sweep(problem, first: sweeps[0], second: sweeps[1], options: options)
      return (try grid.json(), grid.failure.map(Self.code) ?? 0)
    }
    if let (budget, count) = sweeps.first {
      let sweep = try SelectionSolver.sweep(problem, budget: budget, count: count, options: options)
      try draw(sweep, problem.sense)
      return (try sweep.json(), sweep.failure.map(Self.code) ?? 0)
    }
    if let pool {
      let pool = try SelectionSolver.pool(problem, count: pool, maxOverlap: maxOverlap, options: options)
      return (try pool.json(), pool.pool.first.map(Self.code) ?? 0)
    }
    let result = try SelectionSolver.solve(problem, options: options)
    return (try result.json(), Self.code(of: result))
  }

  private func draw(_ sweep: SelectionSweep, _ sense: SelectionProblem.Sense) throws {
    guard let plot else { return }
    let name = (instance as NSString).lastPathComponent
    let title = "Best selections of \(name) within \(sweep.budget)"
    try writeAtomically(Data(sweep.plot(title: title, sense: sense).utf8), to: plot)
  }

  private static func code(of result: SelectionResult) -> Int32 {
    result.status == .infeasible ? 2 : 0
  }
}
