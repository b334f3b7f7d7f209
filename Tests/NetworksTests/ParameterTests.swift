import Networks
import Tensors
import Testing

@Suite("Parameters as boxes of shared tensors")
struct ParameterTests {
  @Test(
    "a box is copied element by element",
    arguments: [
      ([2, 3], [0, 0], [2, 3]), ([1, 2], [1, 1], [3, 4]), ([2, 2, 3, 3], [0, 1, 1, 1], [4, 5, 5, 5]), ([3], [2], [7]),
      ([2, 4, 3], [1, 0, 0], [5, 4, 3]), ([], [], []), ([1, 1, 1, 1], [3, 2, 1, 0], [4, 3, 2, 1]),
    ])
  func extraction(shape: [Int], offsets: [Int], stored: [Int]) {
    let (shape, stored) = (Shape(shape), Shape(stored))
    let tensor = Tensor(stored, (0..<stored.elementCount).map(Float.init))
    let box = Parameter("w", shape, offsets: offsets, of: stored).extract(from: tensor)
    #expect(box.shape == shape)
    for position in 0..<shape.elementCount {
      var inStored = 0
      for axis in 0..<shape.rank {
        let index = position / shape.strides[axis] % shape[axis]
        inStored += (index + offsets[axis]) * stored.strides[axis]
      }
      #expect(box.values[position] == Float(inStored))
    }
  }

  @Test("runs are as long as the box is contiguous")
  func runs() {
    func lengths(_ shape: Shape, _ stored: Shape) -> [Int] {
      var lengths: [Int] = []
      Parameter("w", shape, offsets: Array(repeating: 0, count: shape.rank), of: stored).forEachRun { _, _, count in
        lengths.append(count)
      }
      return lengths
    }
    #expect(lengths([4, 3, 5], [4, 3, 5]) == [60] && lengths([2, 3, 5], [4, 3, 5]) == [30])
    #expect(lengths([2, 2, 5], [4, 3, 5]) == [10, 10] && lengths([1, 2, 3], [4, 3, 5]) == [3, 3])
  }

  @Test("a whole tensor is one box")
  func whole() {
    #expect(Parameter("w", [2, 3]).isWhole)
    #expect(!Parameter("w", [2, 3], offsets: [0, 0], of: [2, 4]).isWhole)
  }
}
