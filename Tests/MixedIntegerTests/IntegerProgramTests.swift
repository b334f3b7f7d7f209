import Diagnostics
import Foundation
import MixedInteger
import Testing

@Suite struct IntegerProgramTests {
  @Test("a small program is solved to its optimum") func smallProgram() throws {
    var program = IntegerProgram()
    let x = program.addBinary("x")
    let y = program.addInteger("y", upper: 3)
    let z = program.addContinuous("z", upper: 0.5)
    program.add((3 * x + 2 * y + 1 * z).atMost(7.25))
    program.setObjective(.maximize, 5 * x + 3 * y + 2 * z + 10)
    let solution = try program.solve()
    #expect(solution.outcome == .optimal)
    #expect(solution.stopped == .proved)
    #expect(solution.value(x) == 1)
    #expect(solution.value(y) == 2)
    #expect(abs((solution.value(z) ?? 0) - 0.25) < 1e-9)
    #expect(abs((solution.objective ?? 0) - 21.5) < 1e-9)
    #expect(solution.bound == solution.objective)
  }

  @Test("terms of one variable are summed, and constants move to the other side") func repeatedTerms() throws {
    var program = IntegerProgram()
    let x = program.addContinuous("x")
    program.add((1 * x + 1 * x - 1 * x + 4).atMost(6))
    program.add((1 * x - 1 * x).equals(0))
    program.setObjective(.maximize, 1 * x)
    #expect(try program.solve().value(x) == 2)
  }

  @Test("a solution is a value: changing the program changes no solution") func solutionsAreValues() throws {
    var program = IntegerProgram()
    let x = program.addInteger("x", upper: 9)
    program.setObjective(.maximize, 1 * x)
    let before = try program.solve()
    program.add((1 * x).atMost(4))
    #expect(before.value(x) == 9)
    #expect(try program.solve().value(x) == 4)
  }

  @Test("why it ended and what was found are kept apart", arguments: Ending.all)
  private func endings(_ ending: Ending) throws {
    let solution = try ending.program().solve()
    #expect(solution.outcome == ending.outcome)
    #expect(solution.stopped == .proved)
    #expect(solution.hasPoint == false)
    #expect(solution.objective == nil)
    #expect(solution.values.isEmpty)
  }

  @Test("numbers that cannot be used are refused, and the place is named", arguments: BadModel.all)
  private func badModels(_ bad: BadModel) throws {
    let diagnostic = try #require(throws: Diagnostic.self) { try bad.solve() }
    #expect(diagnostic.category == .usage)
    #expect(diagnostic.description.contains(bad.expected), "\(diagnostic)")
  }

  @Test("equals enumeration on random knapsacks with two rows", arguments: 0..<60 as Range<UInt64>)
  func randomKnapsacks(seed: UInt64) throws {
    let knapsack = Knapsack(seed: seed, items: 10)
    let solution = try knapsack.program.solve()
    let best = knapsack.best()
    #expect(solution.outcome == (best == nil ? .infeasible : .optimal))
    if let best { #expect(abs((solution.objective ?? .nan) - best) < 1e-9) }
  }

  @Test("a start is used, and a wrong one is refused") func starts() throws {
    let knapsack = Knapsack(seed: 5, items: 10)
    let best = try knapsack.program.solve()
    let again = try knapsack.program.solve(SolveOptions(start: best.values))
    #expect(again.objective == best.objective)
    #expect(throws: Diagnostic.self) {
      try knapsack.program.solve(SolveOptions(start: [Double](repeating: 1, count: 10)))
    }
    #expect(throws: Diagnostic.self) { try knapsack.program.solve(SolveOptions(start: [1])) }
  }

  @Test("points are cut off until one is accepted, and the optimum stays proved") func cuttingOff() throws {
    var program = IntegerProgram()
    let variables = (0..<6).map { program.addBinary("x\($0)") }
    var objective = LinearExpression()
    for (index, variable) in variables.enumerated() { objective.add(Double(index + 1), variable) }
    program.setObjective(.maximize, objective)
    // Accept only points that take an even number of variables of which the last is none.
    let solution = try program.solve { point in
      let taken = point.filter { $0 == 1 }.count
      if taken % 2 == 0, point[5] == 0 { return nil }
      var same = LinearExpression()
      for (variable, value) in zip(variables, point) { same.add(value == 1 ? 1 : -1, variable) }
      return same.atMost(Double(taken) - 1)
    }
    #expect(solution.outcome == .optimal)
    let best: Double = 2 + 3 + 4 + 5
    #expect(solution.objective == best)
    #expect(solution.cutOff > 0)
  }

  @Test("bounds that differ in their last digit stay apart") func narrowRow() throws {
    var program = IntegerProgram()
    let x = (0..<7).map { program.addBinary("x\($0)") }
    var sum = LinearExpression()
    for (variable, weight) in zip(x, [0.3, 0.1, 0.2, 0.7, 0.2, 0.6, 0.3]) { sum.add(weight, variable) }
    program.add(LinearConstraint(sum, lower: 0.8.nextDown, upper: 0.8))
    var other = LinearExpression()
    for (variable, weight) in zip(x, [7.0, 4, 3, 6, 1, 3, 7]) { other.add(weight * 1e6, variable) }
    program.add(other.atLeast(14e6))
    for part in [0..<1, 1..<4, 4..<7] { program.add(LinearExpression(sum: x[part]).equals(1)) }
    program.setObjective(.minimize, other)
    #expect(try program.solve().outcome == .optimal)
  }

  @Test("an answer that rejects everything is infeasible") func rejectingAll() throws {
    var program = IntegerProgram()
    let x = program.addBinary("x")
    program.setObjective(.maximize, 1 * x)
    let solution = try program.solve { _ in LinearExpression().atMost(-1) }
    #expect(solution.outcome == .infeasible)
  }
}

/// A program without a solution to read.
private struct Ending: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let outcome: Solution.Outcome
  let program: @Sendable () -> IntegerProgram

  static let all = [
    Ending(testDescription: "rows exclude each other", outcome: .infeasible) {
      var program = IntegerProgram()
      let x = program.addContinuous("x")
      program.add((1 * x).atLeast(2))
      program.add((1 * x).atMost(1))
      return program
    },
    Ending(testDescription: "whole numbers miss the row", outcome: .infeasible) {
      var program = IntegerProgram()
      let x = program.addInteger("x", upper: 5)
      program.add((2 * x).equals(3))
      return program
    },
    Ending(testDescription: "no whole number between the bounds", outcome: .infeasible) {
      var program = IntegerProgram()
      _ = program.addInteger("x", lower: 0.2, upper: 0.8)
      return program
    },
    Ending(testDescription: "a row without variables", outcome: .infeasible) {
      var program = IntegerProgram()
      _ = program.addBinary("x")
      program.add(LinearExpression(1).atMost(0))
      return program
    },
    Ending(testDescription: "nothing bounds the objective", outcome: .unbounded) {
      var program = IntegerProgram()
      let x = program.addContinuous("x")
      program.setObjective(.maximize, 1 * x)
      return program
    },
    Ending(testDescription: "nothing bounds an integer objective", outcome: .unbounded) {
      var program = IntegerProgram()
      let x = program.addInteger("x"), y = program.addContinuous("y")
      program.add((1 * x - 1 * y).atMost(3))
      program.setObjective(.maximize, 1 * x + 1 * y)
      return program
    },
    Ending(testDescription: "an unbounded relaxation without whole points", outcome: .infeasible) {
      var program = IntegerProgram()
      let x = program.addContinuous("x"), y = program.addInteger("y", upper: 4)
      program.add((2 * y).equals(5))
      program.setObjective(.maximize, 1 * x)
      return program
    },
  ]
}

private struct BadModel: Sendable, CustomTestStringConvertible {
  let testDescription: String
  let expected: String
  var options = SolveOptions()
  let change: @Sendable (inout IntegerProgram, Variable) -> Void

  func solve() throws {
    var program = IntegerProgram()
    let x = program.addBinary("x")
    change(&program, x)
    _ = try program.solve(options)
  }

  static let all = [
    BadModel(testDescription: "nan coefficient", expected: "constraints[0].x: a coefficient") {
      $0.add((Double.nan * $1).atMost(1))
    },
    BadModel(testDescription: "infinite objective", expected: "objective.x: a coefficient") {
      $0.setObjective(.minimize, .infinity * $1)
    },
    BadModel(testDescription: "nan bound", expected: "constraints[0]: the bounds") {
      $0.add((1 * $1).atMost(.nan))
    },
    BadModel(testDescription: "named constraint", expected: "budget: the bounds") {
      $0.add(LinearConstraint(1 * $1, lower: 2, upper: 1, name: "budget"))
    },
    BadModel(testDescription: "crossed bounds", expected: "y: the bounds") { program, _ in
      _ = program.addInteger("y", lower: 3, upper: 2)
    },
    BadModel(testDescription: "lower bound at infinity", expected: "y: the bounds") { program, _ in
      _ = program.addContinuous("y", lower: .infinity)
    },
    BadModel(testDescription: "nan constant", expected: "constraints[0]: a coefficient") {
      $0.add((1 * $1 + Double.nan).atMost(1))
    },
    BadModel(testDescription: "foreign variable", expected: "a variable of another program") { program, _ in
      var other = IntegerProgram()
      _ = other.addBinary("a")
      program.add((1 * other.addBinary("b")).atMost(1))
    },
    BadModel(
      testDescription: "negative time", expected: "the time limit", options: SolveOptions(timeLimit: -1)
    ) { _, _ in },
    BadModel(testDescription: "nan gap", expected: "the gap", options: SolveOptions(gap: .nan)) { _, _ in },
  ]
}
