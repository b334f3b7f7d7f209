import Devices
import Diagnostics
import Foundation
import Quoin
import Testing

@Suite struct DeviceFileTests {
  @Test("A device file gives a device of its name")
  func loads() throws {
    let file = try write("version: 1\nname: slow\nkind: inference-core\nisa: portable\n")
    let device = try DeviceFile.load(file).device()
    #expect(device.name == "slow")
    #expect(device.fingerprint.isa == "portable" && device.fingerprint.precision == "fp32")
    let formula = try write("version: 1\nname: tpu\nkind: formula\npeak_gigaflops: 4e4\n")
    #expect(try DeviceFile.load(formula).device().fingerprint.libraries["peak_gigaflops"] == "40000.0")
  }

  @Test(
    "What a device file does wrong is an error that names the place",
    arguments: [
      ("name: a\nkind: formula\n", "version"), ("version: 2\nname: a\nkind: formula\n", "version"),
      ("version: 1\nkind: formula\n", "name"), ("version: 1\nname: a\nkind: toaster\n", "kind"),
      ("version: 1\nname: ../a\nkind: formula\n", "name"),
      ("version: 1\nname: a\nkind: formula\nthreads: 2\n", "threads"),
      ("version: 1\nname: a\nkind: openvino\nthreads: 0\n", "threads"),
      ("version: 1\nname: a\nkind: openvino\nprecision: int4\n", "precision"),
      ("version: 1\nname: a\nkind: agent\nurl: http://localhost:1\n", "device"),
      ("version: 1\nname: a\nkind: formula\npeak_gigaflops: nan\n", "peak_gigaflops"), ("- 1\n", ""), ("", ""),
    ])
  func bad(text: String, key: String) throws {
    let file = try write(text)
    let error = try #require(throws: Diagnostic.self) { try DeviceFile.load(file) }
    #expect(error.category == .unusableFile)
    #expect(key.isEmpty || "\(error)".contains(key))
  }

  @Test("A file that is added can be chosen by its device's name, once")
  func shelf() throws {
    let folder = try temporaryFolder().path
    let shelf = DeviceShelf(folder: folder)
    let file = try write("version: 1\nname: mine\nkind: formula\n")
    #expect(try shelf.add(file) == folder + "/mine.yaml")
    #expect(shelf.entries.last?.name == "mine")
    #expect(try shelf.device(named: "mine").name == "mine")
    #expect(try shelf.device(named: file).name == "mine")
    #expect(throws: Diagnostic.self) { try shelf.add(file) }
    let taken = try write("version: 1\nname: formula\nkind: formula\n")
    #expect(throws: Diagnostic.self) { try shelf.add(taken) }
    let error = try #require(throws: Diagnostic.self) { try shelf.device(named: "mime") }
    #expect(error.nearest == "mine")
  }

  @Test("A path of a file that is added means what it meant before")
  func movedPaths() throws {
    let shelf = DeviceShelf(folder: try temporaryFolder().path)
    let file = try write("version: 1\nname: far\nkind: agent\nurl: http://h:1\ndevice: d\ntoken_file: keys/it's\n")
    let added = try DeviceFile.load(shelf.add(file))
    #expect(added == (try DeviceFile.load(file)))
    let flow = try write("{version: 1, name: flow, kind: onnxruntime, python: here/python}\n")
    #expect(throws: Diagnostic.self) { try shelf.add(flow) }
  }

  private func write(_ text: String) throws -> String {
    let path = try temporaryFolder().appendingPathComponent("device.yaml").path
    try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    return path
  }

  private func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("quoin-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }
}
