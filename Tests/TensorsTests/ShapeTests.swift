import Tensors
import Testing

@Suite("Shapes, tensors and buffers")
struct ShapeTests {
  @Test("counts and strides are row-major")
  func counts() {
    let shape: Shape = [2, 3, 4]
    #expect(shape.rank == 3 && shape.elementCount == 24 && shape.strides == [12, 4, 1])
    #expect(shape[0] == 2 && shape[-1] == 4 && shape.description == "2×3×4")
    let scalar: Shape = []
    #expect(scalar.rank == 0 && scalar.elementCount == 1 && scalar.strides.isEmpty)
    #expect(Shape([3, 0]).elementCount == 0)
  }

  @Test("an extent can be replaced from either end")
  func replacing() {
    var shape: Shape = [1, 2, 3]
    shape[-1] = 9
    shape[0] = 7
    #expect(shape == [7, 2, 9])
  }

  @Test(
    "checked counts refuse what does not fit",
    arguments: [
      ([2, 3], 6), ([], 1), ([0, 5], 0), ([-1, 2], nil), ([Int.max, 2], nil), ([1 << 32, 1 << 32], nil),
      ([Int.max], Int.max), ([-2, -3], nil), ([Int.max, Int.max, 0], nil),
    ] as [([Int], Int?)])
  func checkedCounts(extents: [Int], count: Int?) {
    #expect(Shape(extents).checkedElementCount == count)
  }

  @Test("tensors keep their elements under another shape")
  func reshaping() {
    let tensor = Tensor([2, 3], [1, 2, 3, 4, 5, 6])
    #expect(tensor.reshaped(to: [3, 2]).values == tensor.values && tensor.reshaped(to: [6]).shape == [6])
    #expect(Tensor([2, 2], repeating: 3).values == [3, 3, 3, 3] && Tensor([2]).values == [0, 0])
  }

  @Test("buffers are zero and lie on 64-byte boundaries", arguments: [0, 1, 15, 16, 17, 1000])
  func buffers(count: Int) {
    let buffer = AlignedBuffer(count: count)
    #expect(buffer.count == count && UInt(bitPattern: buffer.pointer) % 64 == 0)
    #expect((0..<count).allSatisfy { buffer.pointer[$0] == 0 })
  }
}
