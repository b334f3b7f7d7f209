import Diagnostics
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("NumPy files")
struct NPYTests {
  /// A file as NumPy lays it out.
  private func file(_ header: String, _ body: [UInt8] = [], version: UInt8 = 1) -> Data {
    let length = header.utf8.count
    let bytes = version == 1 ? [length & 0xff, length >> 8] : [0, 8, 16, 24].map { length >> $0 & 0xff }
    return Data([0x93] + Array("NUMPY".utf8) + [version, 0] + bytes.map(UInt8.init) + Array(header.utf8) + body)
  }

  private func header(_ type: String, _ shape: String, fortran: Bool = false) -> String {
    "{'descr': '\(type)', 'fortran_order': \(fortran ? "True" : "False"), 'shape': \(shape), }  \n"
  }

  private func bytes<Value>(_ values: [Value]) -> [UInt8] { values.withUnsafeBytes { Array($0) } }

  @Test("a tensor of any rank comes back", arguments: [[], [0], [5], [2, 3], [1, 3, 4, 2]])
  func roundTrip(extents: [Int]) throws {
    let shape = Shape(extents)
    let tensor = Tensor(shape, (0..<shape.elementCount).map { Float($0) - 1.5 })
    let data = NPY.encode(tensor)
    #expect(data.count % 64 == 4 * shape.elementCount % 64)
    #expect(try NPY.decode(data, path: "a.npy") == tensor)
    try withTemporaryFolder { folder in
      try NPY.write(tensor, to: "\(folder)/new/a.npy")
      #expect(try NPY.read("\(folder)/new/a.npy") == tensor)
    }
  }

  @Test("the bytes are NumPy's own")
  func golden() {
    // numpy.save of numpy.array([[1, -2]], dtype=numpy.float32)
    let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 2), }".padding(
      toLength: 117, withPad: " ", startingAt: 0)
    let expected =
      Data([0x93, 78, 85, 77, 80, 89, 1, 0, 118, 0]) + Data(text.utf8) + [10, 0, 0, 0x80, 0x3f, 0, 0, 0, 0xc0]
    #expect(NPY.encode(Tensor([1, 2], [1, -2])) == expected)
  }

  @Test("numbers of other formats are converted")
  func formats() throws {
    func values(_ type: String, _ body: [UInt8], _ count: Int) throws -> [Float] {
      try NPY.decode(file(header(type, "(\(count),)"), body), path: "a.npy").values
    }
    #expect(try values("<f8", bytes([0.5, -.infinity, 1e-300] as [Double]), 3) == [0.5, -.infinity, 0])
    #expect(try values("<f2", bytes([0.5, -2] as [Float16]), 2) == [0.5, -2])
    #expect(try values("<i8", bytes([-3, 1 << 24] as [Int64]), 2) == [-3, 16_777_216])
    #expect(try values("<i4", bytes([7, -7] as [Int32]), 2) == [7, -7])
    #expect(try values("|u1", [0, 255], 2) == [0, 255])
    #expect(try values("|i1", [0, 255], 2) == [0, -1])
    #expect(try values("|b1", [0, 1], 2) == [0, 1])
  }

  @Test("other spellings of the header are read")
  func spellings() throws {
    let body = bytes([1, 2] as [Float])
    let expected = Tensor([2], [1, 2])
    for version: UInt8 in [1, 2, 3] {
      #expect(try NPY.decode(file(header("<f4", "(2,)"), body, version: version), path: "a.npy") == expected)
    }
    let text = "{\"shape\":(2,),\"fortran_order\":False,\"descr\":\"<f4\"}"
    #expect(try NPY.decode(file(text, body), path: "a.npy") == expected)
    #expect(try NPY.decode(file(header("<f4", "(2,)", fortran: true), body), path: "a.npy") == expected)
  }

  @Test(
    "what cannot be used is named",
    arguments: [
      ("(2,)", "<c8", false, 16, "descr"), ("(2,)", ">f4", false, 8, "descr"), ("(2, 2)", "<f4", true, 16, "Fortran"),
      ("(3,)", "<f4", false, 8, "12 bytes"), ("(2,)", "<f4", false, 9, "8 bytes"),
      ("(9223372036854775807, 9223372036854775807)", "<f4", false, 8, "too large"),
      ("(4611686018427387904,)", "<f4", false, 0, "too large"), ("(99999999999999999999,)", "<f4", false, 0, "header"),
      ("(-1,)", "<f4", false, 0, "header"), ("(2", "<f4", false, 8, "header"), ("2", "<f4", false, 8, "header"),
    ])
  func refused(shape: String, type: String, fortran: Bool, count: Int, word: String) {
    let data = file(header(type, shape, fortran: fortran), [UInt8](repeating: 0, count: count))
    let error = #expect(throws: Diagnostic.self) { try NPY.decode(data, path: "bad.npy") }
    #expect(error?.description.contains(word) == true && error?.place?.file == "bad.npy" && error?.exitCode == 65)
  }

  @Test("numbers that FP32 cannot hold are named")
  func inexact() {
    let cases = [("<i8", bytes([1, (1 << 24) + 1] as [Int64])), ("<f8", bytes([0, 1e300] as [Double]))]
    for (type, body) in cases {
      let error = #expect(throws: Diagnostic.self) { try NPY.decode(file(header(type, "(2,)"), body), path: "a.npy") }
      #expect(error?.problem.contains("element 1") == true)
    }
  }

  @Test("damaged files are refused and never crash")
  func mutations() throws {
    let original = NPY.encode(Tensor([2, 3], [1, 2, 3, 4, 5, 6]))
    for count in 0..<original.count {
      #expect(throws: Diagnostic.self) { try NPY.decode(original.prefix(count), path: "short.npy") }
    }
    var random = RandomSource(seed: 3)
    for _ in 0..<2000 {
      var data = original
      for _ in 0...random.below(3) { data[random.below(80)] = UInt8(random.below(256)) }
      _ = try? NPY.decode(data, path: "mutated.npy")
    }
  }
}
