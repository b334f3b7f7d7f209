import Latency
import Tensors
import Testing

@Suite struct NonNegativeLeastSquaresTests {
  @Test("The minimum equals the best of all sets of positive coefficients", arguments: 0..<40)
  func againstAllSets(seed: UInt64) {
    let problem = randomProblem(seed: seed, size: 6)
    let found = problem.minimum()
    #expect(found.allSatisfy { $0 >= 0 })
    #expect(abs(objective(problem, found) - bestObjectiveOverSets(problem)) < 1e-9)
  }

  @Test("Any guess of the positive coefficients leads to the same minimum", arguments: 0..<10)
  func fromAnyStart(seed: UInt64) {
    let problem = randomProblem(seed: seed, size: 12)
    var random = RandomSource(seed: seed, purpose: "start")
    let cold = problem.minimum()
    let warm = problem.minimum(start: (0..<12).map { _ in random.below(2) == 0 })
    #expect(zip(cold, warm).allSatisfy { abs($0 - $1) < 1e-8 })
  }

  @Test("At the minimum no slope points downwards", arguments: 0..<5)
  func slopes(seed: UInt64) {
    let problem = randomProblem(seed: seed, size: 40)
    let x = problem.minimum()
    for i in 0..<40 {
      var slope = problem.moment[i]
      for j in 0..<40 { slope -= problem.gram[i * 40 + j] * x[j] }
      #expect(x[i] > 0 ? abs(slope) < 1e-7 : slope < 1e-7)
    }
  }

  @Test("Columns that repeat each other do not break the solution")
  func repeatedColumns() {
    let problem = NonNegativeLeastSquares(gram: [1, 1, 1, 1], moment: [2, 2])
    let x = problem.minimum()
    #expect(abs(x[0] + x[1] - 2) < 1e-6)
  }

  @Test("Cholesky's method solves a known system")
  func cholesky() {
    var matrix: [Double] = [4, 2, 2, 3]
    let x = solvePositiveDefinite(&matrix, [10, 9])
    #expect(abs(x[0] - 1.5) < 1e-12 && abs(x[1] - 2) < 1e-12)
  }

  private func randomProblem(seed: UInt64, size: Int) -> NonNegativeLeastSquares {
    var random = RandomSource(seed: seed)
    let rows = (0..<2 * size).map { _ in (0..<size).map { _ in random.normal() } }
    let targets = rows.map { _ in random.normal() }
    var gram = [Double](repeating: 0, count: size * size)
    var moment = [Double](repeating: 0, count: size)
    for (row, target) in zip(rows, targets) {
      for i in 0..<size {
        moment[i] += row[i] * target
        for j in 0..<size { gram[i * size + j] += row[i] * row[j] }
      }
    }
    return NonNegativeLeastSquares(gram: gram, moment: moment)
  }

  private func objective(_ problem: NonNegativeLeastSquares, _ x: [Double]) -> Double {
    var value = 0.0
    for i in x.indices {
      value -= problem.moment[i] * x[i]
      for j in x.indices { value += 0.5 * x[i] * problem.gram[i * problem.size + j] * x[j] }
    }
    return value
  }

  private func bestObjectiveOverSets(_ problem: NonNegativeLeastSquares) -> Double {
    var best = 0.0
    for mask in 1..<(1 << problem.size) {
      let set = (0..<problem.size).filter { mask >> $0 & 1 == 1 }
      var matrix = set.flatMap { i in set.map { problem.gram[i * problem.size + $0] } }
      let part = solvePositiveDefinite(&matrix, set.map { problem.moment[$0] })
      guard part.allSatisfy({ $0 >= 0 }) else { continue }
      var x = [Double](repeating: 0, count: problem.size)
      for (row, i) in set.enumerated() { x[i] = part[row] }
      best = min(best, objective(problem, x))
    }
    return best
  }
}
