import ArgumentParser
import Datasets
import Diagnostics
import Foundation
import Quoin

/// `quoin data`: images to search with.
struct DataCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "data", abstract: "Download data sets, or look at them.",
    subcommands: [Fetch.self, List.self, Show.self, Samples.self])

  struct Fetch: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Download a data set; what is there is kept, what is incomplete goes on.",
      discussion: """
        Every file is checked against its SHA-256.

        EXAMPLES
          quoin data fetch mnist
          quoin data fetch cifar10 --data ~/cifar10
        """)

    @Argument(help: "The data set: mnist, fashion-mnist or cifar10.") var name: String
    @Option(help: "The folder; by default one in ~/.cache/quoin that searches know.") var data: String?
    @Flag(help: "Print one JSON document.") var json = false

    private struct Answer: Encodable {
      let name: String
      let folder: String
    }

    func validate() throws { try requirePath(data, "--data") }

    func run() async throws {
      let folder = data ?? DatasetCatalog.defaultFolder(for: name)
      try await Self.fetch(name, into: folder, monitor: Console.monitor())
      if json { return try Console.print(json: Answer(name: name, folder: folder)) }
      Console.print("\(name) is in \(folder)")
    }

    /// Downloads until all is there, or until the user asks to stop: a server that stalls must not hold that up.
    private static func fetch(_ name: String, into folder: String, monitor: WorkMonitor) async throws {
      try await withThrowingTaskGroup(of: Void.self) { group in
        group.addTask {
          try await DatasetFetcher().fetch(name, into: folder) { progress in
            monitor.report(
              .init(phase: "downloading \(progress.file)", completed: progress.received, total: max(1, progress.total)))
          }
        }
        group.addTask {
          while !monitor.isInterrupted() { try await Task.sleep(for: .milliseconds(100)) }
          throw Diagnostic(.interrupted, "the download was interrupted", remedy: "run the command again to go on")
        }
        // Whichever ends first decides; leaving with an error cancels the other one.
        _ = try await group.next()
        group.cancelAll()
      }
    }
  }

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the names of the data sets.", discussion: "EXAMPLE\n  quoin data list")

    @Flag(help: "Print one JSON document.") var json = false

    func run() throws {
      if json { return try Console.print(json: DatasetCatalog.names) }
      for name in DatasetCatalog.names { Console.print(name) }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print what a data set holds.", discussion: "EXAMPLE\n  quoin data show cifar10 --data ~/cifar10")

    @Argument(help: "The data set.") var name: String
    @Option(help: "The folder of its files.") var data: String?
    @Flag(help: "Print one JSON document.") var json = false

    private struct Answer: Encodable {
      let name: String
      let channels: Int
      let height: Int
      let width: Int
      let classes: [String]
      let trainingImages: Int
      let testImages: Int
      let trainingImagesByClass: [Int]
    }

    func run() throws {
      let training = try DatasetCatalog.load(name, folder: data, split: .train)
      let test = try DatasetCatalog.load(name, folder: data, split: .test)
      try test.requireSameForm(as: training)
      let answer = Answer(
        name: name, channels: training.channels, height: training.height, width: training.width,
        classes: training.classes, trainingImages: training.count, testImages: test.count,
        trainingImagesByClass: training.classCounts)
      if json { return try Console.print(json: answer, snakeCase: true) }
      Console.print(
        "\(name): \(training.count) training and \(test.count) test images of "
          + "\(training.channels)×\(training.height)×\(training.width)")
      for (name, count) in zip(training.classes, training.classCounts) { Console.print("  \(name): \(count)") }
    }
  }
}
