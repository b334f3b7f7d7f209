import Diagnostics
import Foundation
import Tensors
import TestSupport
import Testing

@Suite("Safetensors files")
struct SafetensorsTests {
  private let sample = Safetensors(
    tensors: [
      "b/weight": Tensor([2, 3], [1, 2, 3, 4, 5, 6]), "a": Tensor([], [-1]), "none": Tensor([0, 4], []),
      "ü\"": Tensor([1], [7]),
    ],
    metadata: ["steps": "12", "quote": "\"\\ä"])

  private func file(_ header: String, _ body: [UInt8] = []) -> Data {
    withUnsafeBytes(of: UInt64(header.utf8.count).littleEndian) { Data($0) } + Data(header.utf8) + Data(body)
  }

  @Test("tensors and texts come back")
  func roundTrip() throws {
    #expect(try Safetensors(decoding: sample.encoded(), path: "a") == sample)
    #expect(try Safetensors(decoding: Safetensors(tensors: [:]).encoded(), path: "a").tensors.isEmpty)
    try withTemporaryFolder { folder in
      try sample.write(to: "\(folder)/a.safetensors")
      #expect(try Safetensors.read("\(folder)/a.safetensors") == sample)
    }
  }

  @Test("the bytes are determined by the content")
  func golden() throws {
    let data = try Safetensors(
      tensors: ["b": Tensor([1], [2]), "a/c": Tensor([1, 1], [1])], metadata: ["k": "v"]
    ).encoded()
    let header =
      #"{"__metadata__":{"k":"v"},"a/c":{"data_offsets":[0,4],"dtype":"F32","shape":[1,1]},"#
      + #""b":{"data_offsets":[4,8],"dtype":"F32","shape":[1]}}"#
    let padded = header + String(repeating: " ", count: (8 - header.utf8.count % 8) % 8)
    #expect(data == file(padded, [0, 0, 0x80, 0x3f, 0, 0, 0, 0x40]))
  }

  @Test("brain and half floats are widened")
  func formats() throws {
    let header =
      #"{"x":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"y":{"dtype":"F16","shape":[1],"data_offsets":[4,6]}}"#
    let read = try Safetensors(decoding: file(header, [0x80, 0x3f, 0x00, 0xc0, 0x00, 0x38]), path: "a")
    #expect(read.tensors == ["x": Tensor([2], [1, -2]), "y": Tensor([1], [0.5])])
  }

  @Test(
    "what cannot be used is named",
    arguments: [
      (#"{"x":{"dtype":"F33","shape":[1],"data_offsets":[0,4]}}"#, "F33"),
      (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}"#, "offsets"),
      (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}"#, "offsets"),
      (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}"#, "offsets"),
      (#"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0]}}"#, "offsets"),
      (#"{"x":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}"#, "shape"),
      (#"{"x":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,4]}}"#, "shape"),
      (#"{"x":{"dtype":"F32","shape":[0],"data_offsets":[4,4]}}"#, "start at 0"),
      (
        #"{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"y":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}"#,
        "start at 4"
      ),
      (#"{}"#, "length"), (#"[]"#, "header"), (#"{"x":3}"#, "header"), ("{", "header"),
      (#"{"__metadata__":{"k":1}}"#, "header"),
    ])
  func refused(header: String, word: String) {
    let error = #expect(throws: Diagnostic.self) {
      try Safetensors(decoding: file(header, [0, 0, 0, 0]), path: "bad.safetensors")
    }
    #expect(error?.description.contains(word) == true && error?.place?.file == "bad.safetensors")
  }

  @Test("a name that is kept for metadata is refused")
  func keptName() {
    #expect(throws: Diagnostic.self) { try Safetensors(tensors: ["__metadata__": Tensor([1])]).encoded() }
  }

  @Test("damaged files are refused and never crash")
  func mutations() throws {
    let original = try sample.encoded()
    for count in 0..<original.count {
      #expect(throws: Diagnostic.self) { try Safetensors(decoding: original.prefix(count), path: "short") }
    }
    var random = RandomSource(seed: 4)
    for _ in 0..<2000 {
      var data = original
      for _ in 0...random.below(3) { data[random.below(data.count)] = UInt8(random.below(256)) }
      _ = try? Safetensors(decoding: data, path: "mutated")
    }
    #expect(throws: Diagnostic.self) {
      try Safetensors(decoding: Data([UInt8](repeating: 0xff, count: 64)), path: "huge header")
    }
  }
}
