import Diagnostics
import Foundation
import Latency
import Testing

@Suite struct LatencyTableTests {
  private static let sidecar = """
    {"unit": "ms", "features": {"op": "categorical", "size": "ordinal"}, "devices": ["phone", "board"]}
    """

  private func table(_ csv: String, _ sidecar: String = sidecar) throws -> LatencyTable {
    try LatencyTable(
      csv: Data(csv.utf8), path: "t.csv", sidecar: Data(sidecar.utf8), sidecarPath: "t.json")
  }

  @Test("Columns have the meaning that the document gives them, and others are ignored")
  func columns() throws {
    let table = try table("name,board,op,size,phone\r\na,1.5,conv,32,\r\n\"b,\"\"x\"\"\",2,pool,64,4e-1\r\n")
    #expect(table.rows == 2 && table.devices == ["phone", "board"] && table.unit == "ms")
    #expect(table.features.map(\.name) == ["op", "size"])
    #expect(table.features[0].kind == LatencyTable.Feature.Kind.categorical(["conv", "pool"]))
    #expect(Array(table.architecture(1)) == [1, 64])
    #expect(table.latency(0, on: 0) == nil && table.latency(1, on: 0) == 0.4 && table.latency(0, on: 1) == 1.5)
  }

  @Test(
    "What cannot be used is refused with its place",
    arguments: [
      ("", "no columns"), ("op,size,phone,board\n", "no rows"), ("op,size,phone,board\nconv,1,2\n", "number of fields"),
      ("op,size,phone,board\nconv,x,2,3\n", "no number"), ("op,size,phone,board\nconv,1,nan,3\n", "no number"),
      ("op,size,phone,board\nconv,1,-2,3\n", "not positive"), ("op,size,phone,board\nconv,,2,3\n", "no number"),
      ("op,size,phone\nconv,1,2\n", "one column"), ("op,size,phone,board,op\nconv,1,2,3,conv\n", "one column"),
      ("op,size,phone,board\n\"conv,1,2,3\n", "does not end"),
      ("op,size,phone,board\n\"conv\"x,1,2,3\n", "does not end"),
    ])
  func unusable(csv: String, problem: String) throws {
    let error = #expect(throws: Diagnostic.self) { try table(csv) }
    #expect(error?.problem.contains(problem) == true && error?.exitCode == 65)
  }

  @Test(
    "Documents that cannot be used are refused",
    arguments: [
      "[]", "{", #"{"features": {"op": "colour"}, "devices": ["phone"]}"#,
      #"{"features": {"op": "categorical"}, "devices": []}"#, #"{"features": {}, "devices": ["phone"]}"#,
      #"{"features": {"phone": "ordinal"}, "devices": ["phone"]}"#,
      #"{"features": {"op": "categorical"}, "devices": ["phone", "phone"]}"#,
    ])
  func unusableDocument(sidecar: String) {
    let error = #expect(throws: Diagnostic.self) { try table("op,size,phone,board\nconv,1,2,3\n", sidecar) }
    #expect(error?.exitCode == 65)
  }
}
