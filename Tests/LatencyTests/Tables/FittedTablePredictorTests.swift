import Diagnostics
import Foundation
import Latency
import Testing

@Suite struct FittedTablePredictorTests {
  private static let sources = (0..<6).map { "device\($0)" }

  /// How far predictions of the rows that were not measured are off on average.
  private func error(of predictor: FittedTablePredictor, _ table: LatencyTable, rows: Range<Int>) throws -> Double {
    let device = try #require(table.devices.firstIndex(of: predictor.provenance.device))
    let errors = try rows.map { row in
      let truth = try #require(table.latency(row, on: device))
      return abs(try predictor.predict(table, row: row).milliseconds / truth - 1)
    }
    return errors.reduce(0, +) / Double(errors.count)
  }

  @Test("Few measurements are completed by sources or by a base, many speak for themselves")
  func fits() throws {
    let table = syntheticTable()
    let few = table.keeping(Set(0..<12), of: "device6")
    let transferred = try FittedTablePredictor.fit(few, device: "device6", sources: Self.sources)
    let alone = try FittedTablePredictor.fit(few, device: "device6")
    let many = try FittedTablePredictor.fit(table.keeping(Set(0..<350), of: "device6"), device: "device6")
    let base = try FittedTablePredictor.fit(table, device: "device2")
    let based = try FittedTablePredictor.fit(few, device: "device6", base: base)
    let errors = try [transferred, alone, many, based].map { try error(of: $0, table, rows: 350..<500) }
    #expect(errors[0] < 0.06 && errors[0] < errors[1] - 0.02, "\(errors)")
    #expect(errors[2] < 0.02 && errors[3] < errors[1] - 0.02, "\(errors)")
    #expect(transferred.provenance.method == .transfer && many.provenance.method == .ridge)
    #expect(based.provenance.base == "device2" && transferred.provenance.sources == Self.sources)
    #expect(transferred.provenance.samples == 12 && many.error.samples == 350)
    #expect(many.error.meanRelativeError < 0.02 && many.error.spearman ?? 0 > 0.99)
    let coverage = try #require(many.error.intervalCoverage)
    #expect((0.85...0.95).contains(coverage))
  }

  @Test("Intervals hold about nine of ten latencies that were not measured")
  func intervals() throws {
    let table = syntheticTable(noise: 0.03)
    for (rows, sources) in [(20, Self.sources), (70, Array(Self.sources.prefix(2))), (400, [])] {
      let predictor = try FittedTablePredictor.fit(
        table.keeping(Set(0..<rows), of: "device6"), device: "device6", sources: sources)
      let covered = try (400..<500).count { row in
        let (prediction, truth) = (try predictor.predict(table, row: row), try #require(table.latency(row, on: 6)))
        return prediction.lower <= truth && truth <= prediction.upper
      }
      #expect((75...99).contains(covered), "\(rows)")
    }
  }

  @Test("One wrong measurement of ten does little harm", arguments: [(20, 0.15), (400, 0.02)])
  func outliers(rows: Int, most: Double) throws {
    let table = syntheticTable()
    let latencies = (0..<table.rows).map { row -> Double in
      let latency = table.latency(row, on: 6) ?? .nan
      return row >= rows ? .nan : row % 10 == 3 ? 5 * latency : latency
    }
    let devices = (0..<6).map { device in (0..<table.rows).map { table.latency($0, on: device) ?? .nan } }
    let wrong = LatencyTable(
      features: table.features, values: (0..<table.rows).flatMap { table.architecture($0) }, devices: table.devices,
      latencies: devices + [latencies])
    let predictor = try FittedTablePredictor.fit(wrong, device: "device6", sources: Self.sources)
    let error = try error(of: predictor, table, rows: 400..<500)
    #expect(error < most, "\(error)")
  }

  @Test(
    "A saved predictor predicts the fitting table bit for bit, through rows and through text", arguments: [15, 70])
  func roundTrip(measured: Int) throws {
    let table = mixedTable().keeping(Set(0..<measured), of: "c")
    let predictor = try FittedTablePredictor.fit(table, device: "c", sources: ["a", "b"], origin: ("t.csv", "00ff"))
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("table-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: folder) }
    try predictor.save(to: folder)
    let loaded = try FittedTablePredictor.load(folder)
    #expect(loaded == predictor)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == [FittedTablePredictor.fileName])
    let rows = try (0..<table.rows).map { try predictor.predict(table, row: $0) }
    let answer = try loaded.predict(csv: Data(table.csv(devices: ["a", "c"]).utf8), path: "t.csv")
    #expect(answer.predictions == rows)
    #expect(answer.measured == measured && (answer.figures?.spearman ?? 0) > 0.9)
    let lines = String(decoding: answer.csv, as: UTF8.self).split(separator: "\n")
    #expect(lines.count == table.rows + 1)
    #expect(lines[0].hasSuffix("ks3,r,predicted_ms,lower_ms,upper_ms"))
    #expect(
      lines[1].split(separator: ",").suffix(3).compactMap { Double($0) } == [
        rows[0].milliseconds, rows[0].lower, rows[0].upper,
      ])
  }

  @Test("The costs of a fitted predictor are those of the model that the benchmark judges")
  func costs() throws {
    // A source predicted by everything that is known of it lies close to it.
    let table = mixedTable()
    let predictor = try FittedTablePredictor.fit(table, device: "a", sources: ["b", "c"])
    #expect(try error(of: predictor, table, rows: 0..<table.rows) < 0.1)
  }

  @Test(
    "What cannot be predicted is refused with its place",
    arguments: [
      ("edge_0_1,edge_0_2,edge_1_2,d0,d1,ks0,ks1,ks2,ks3\nconv,conv,conv,1,1,3,3,3,3\n", "no column", "'r'"),
      ("conv,conv,kool,1,1,3,3,3,3,64", "not fitted on", "row 0, column edge_1_2"),
      ("conv,conv,conv,1,3,3,3,3,3,64", "not fitted on", "row 0, column d1"),
      ("conv,conv,conv,1,1,4,3,3,3,64", "not fitted on", "it knows 3, 5"),
      ("conv,conv,conv,1,1,3,3,3,3,x", "no number", "row 0, column r"),
      ("conv,conv,conv,1,1,3,3,3,3,", "no number", "row 0, column r"),
      ("conv,conv,conv,1,1,3,3,3,3,inf", "no number", "column r"),
      ("conv,conv,conv,1,1,3,3,3,64", "number of fields", "10 columns"), ("", "no rows", "t.csv"),
    ])
  func refusals(row: String, problem: String, place: String) throws {
    let predictor = try FittedTablePredictor.fit(mixedTable(rows: 40), device: "a")
    let header = "edge_0_1,edge_0_2,edge_1_2,d0,d1,ks0,ks1,ks2,ks3,r\n"
    let csv = row.hasPrefix("edge") ? row : header + row
    let error = try #require(throws: Diagnostic.self) { try predictor.predict(csv: Data(csv.utf8), path: "t.csv") }
    #expect(error.problem.contains(problem) && error.exitCode == 65, "\(error)")
    #expect(error.description.contains(place), "\(error)")
  }

  @Test("Numbers outside of the fitted table's are predicted and counted, and absent layers may say anything")
  func extrapolation() throws {
    let predictor = try FittedTablePredictor.fit(mixedTable(), device: "a")
    let text =
      "r,d0,d1,ks0,ks1,ks2,ks3,edge_1_2,edge_0_1,edge_0_2\n512,1,1,3,99,3,0,conv,conv,conv\n64,1,1,3,3,3,3,conv,conv,conv\n"
    let answer = try predictor.predict(csv: Data(text.utf8), path: "t.csv")
    #expect(answer.extrapolated == 1 && answer.figures == nil)
    #expect(answer.predictions[0].milliseconds > 10 * answer.predictions[1].milliseconds)
  }

  @Test("Unsuitable requests are refused")
  func requests() throws {
    let table = mixedTable(rows: 40)
    let base = try FittedTablePredictor.fit(syntheticTable(rows: 60), device: "device0")
    let cases: [(Int32, () throws -> FittedTablePredictor)] = [
      (64, { try .fit(table, device: "x") }), (64, { try .fit(table, device: "a", sources: ["x"]) }),
      (64, { try .fit(table, device: "a", sources: ["a"]) }),
      (64, { try .fit(table, device: "a", sources: ["b", "b"]) }),
      (65, { try .fit(table.keeping([1, 2], of: "a"), device: "a") }),
      (65, { try .fit(table.keeping([1, 2], of: "b"), device: "a", sources: ["b"]) }),
      (65, { try .fit(table, device: "a", base: base) }),
    ]
    for (code, request) in cases {
      let error = #expect(throws: Diagnostic.self) { try request() }
      #expect(error?.exitCode == code)
    }
  }
}
