import ArgumentParser
import Diagnostics
import SearchSpaces
import Tensors

/// `quoin space`: what a space file means.
struct SpaceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "space", abstract: "Show a search space, or draw architectures from it.",
    subcommands: [Show.self, Sample.self])

  private struct InfeasibleLimits: Encodable {
    let status = "infeasible"
    let attainable: NetworkLimits
  }

  /// The space of a file; where no network keeps its limits, the JSON says what could be kept.
  fileprivate static func load(_ file: String, json: Bool) throws -> SearchSpace {
    do {
      return try SearchSpace.load(file)
    } catch let error as Diagnostic where error.category == .infeasible {
      if json { try Console.print(json: InfeasibleLimits(attainable: SearchSpace.attainableLimits(of: file))) }
      throw error
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the variables of a space and how many networks it holds.",
      discussion: "EXAMPLE\n  quoin space show searchspaces/mbconv-cifar.yaml --json")

    @Argument(help: "The search-space file.") var file: String
    @Flag(help: "Print one JSON document.") var json = false

    private struct Answer: Encodable {
      let name: String
      let log10Size: Double
      let variables: [Variable]

      enum CodingKeys: String, CodingKey {
        case name, variables
        case log10Size = "log10_size"
      }
    }

    func run() throws {
      let space = try SpaceCommand.load(file, json: json)
      if json {
        let answer = Answer(name: space.name, log10Size: space.log10Size, variables: space.variables)
        return try Console.print(json: answer)
      }
      Console.print("\(space.name): 10^\((space.log10Size * 10).rounded() / 10) networks")
      for (name, architecture) in [("smallest", space.smallest), ("largest", space.largest)] {
        let cost = try space.network(for: architecture).cost
        Console.print("\(name): \(cost.macs) multiply-adds, \(cost.parameters) parameters")
      }
      for variable in space.variables {
        Console.print("  \(variable.name): \(variable.values.map(\.description).joined(separator: ", "))")
      }
    }
  }

  struct Sample: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Draw random architectures.",
      discussion: "EXAMPLE\n  quoin space sample searchspaces/mbconv-cifar.yaml -n 3 --seed 7 --json")

    @Argument(help: "The search-space file.") var file: String
    @Option(name: .customShort("n"), help: "How many architectures to draw.") var count = 1
    @Option(help: "The seed; the same seed draws the same architectures.") var seed: UInt64 = 1
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws {
      guard (1...1_000_000).contains(count) else { throw ValidationError("-n is from 1 to 1000000, not \(count)") }
    }

    func run() throws {
      let space = try SpaceCommand.load(file, json: json)
      var random = RandomSource(seed: seed, purpose: "space sample")
      let drawn = (0..<count).map { _ in space.sample(using: &random) }
      if json { return try Console.print(json: drawn) }
      for architecture in drawn { Console.print(architecture.json) }
    }
  }
}
