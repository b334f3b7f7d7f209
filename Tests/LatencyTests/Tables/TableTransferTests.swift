import Diagnostics
import Foundation
import Latency
import Tensors
import Testing

@Suite struct TableTransferTests {
  private func split(_ sources: Range<Int>, samples: Int) -> TableSplit {
    TableSplit(
      sources: sources.map { "device\($0)" }, targets: ["device6"], sourceSamples: 200, references: [1, 2, 3],
      samples: samples, testRows: 200..<500)
  }

  @Test("A new device is predicted from few measurements, and better with other devices than without")
  func transfers() throws {
    let table = syntheticTable()
    let few = try TableBenchmark(split: split(0..<6, samples: 12), repeats: 2, seed: 1).run(on: table)
    let alone = try TableBenchmark(split: split(0..<0, samples: 12), repeats: 2, seed: 1).run(on: table)
    #expect(few.mean.spearman > 0.95, "\(few.mean)")
    #expect(few.mean.mape < 0.06, "\(few.mean)")
    #expect(alone.mean.spearman < few.mean.spearman - 0.05, "\(alone.mean)")
    #expect((0.6...1).contains(few.mean.coverage), "\(few.mean)")
    let more = try TableBenchmark(split: split(0..<6, samples: 60), repeats: 2, seed: 1).run(on: table)
    #expect(more.mean.mape < few.mean.mape)
  }

  @Test("The same seed gives the same figures")
  func repeatable() throws {
    let table = syntheticTable(rows: 300)
    var split = split(0..<4, samples: 10)
    split.testRows = 200..<300
    let benchmark = TableBenchmark(split: split, trim: 0.1, seed: 5)
    let (first, second) = (try benchmark.run(on: table), try benchmark.run(on: table))
    #expect(first.figures == second.figures)
  }

  @Test(
    "Splits that do not suit the table are refused",
    arguments: [
      { $0.targets = ["device9"] }, { $0.sources = ["devise1"] }, { $0.targets = [] }, { $0.targets = ["device0"] },
      { $0.testRows = 400..<501 }, { $0.references = [500] }, { $0.references = [1, 1] }, { $0.sourceSamples = 0 },
      { $0.sourceSamples = 501 },
      {
        $0.references = []
        $0.samples = 0
      },
    ] as [@Sendable (inout TableSplit) -> Void])
  func refusals(change: @Sendable (inout TableSplit) -> Void) {
    var split = split(0..<2, samples: 5)
    change(&split)
    let error = #expect(throws: Diagnostic.self) { try TableBenchmark(split: split, seed: 1).run(on: syntheticTable()) }
    #expect(error?.exitCode == 64)
  }
}
