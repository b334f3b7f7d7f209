import Compute
import Inference
import Networks
import Tensors
import Testing

/// Builds random networks of operators on tensors of any rank, with convolutions among them, so that values lie in all
/// layouts and are views of views.
private struct RandomTensorNetwork {
  private var random: RandomSource
  private var builder = NetworkBuilder(name: "tensors")
  private var values: [Network.ValueID] = []
  private var count = 0

  static func make(seed: UInt64, nodes: Int) throws -> (network: Network, weights: Weights) {
    var maker = RandomTensorNetwork(random: RandomSource(seed: seed, purpose: "tensor network"))
    maker.values.append(try maker.builder.input("image", [1, 4 + maker.random.below(9), 6, 4]))
    for _ in 0..<nodes { try maker.addNode() }
    let last = maker.values.count - 1
    let network = maker.builder.network(
      outputs: [("last", maker.values[last]), ("middle", maker.values[last / 2])])
    return (network, network.randomWeights(seed: seed))
  }

  private mutating func add(_ op: Operator, _ inputs: [Network.ValueID], _ parameters: [Shape] = []) throws {
    count += 1
    let name = "\(op.name)\(count)"
    values.append(
      try builder.append(
        name, op, inputs,
        parameters: parameters.enumerated().map { Parameter("\(name).\($0.offset)", $0.element) }))
  }

  private mutating func addNode() throws {
    let input = random.below(4) > 0 ? values[values.count - 1] : random.pick(values)
    let shape = builder.shape(input)
    let last = shape.rank - 1
    switch random.below(13) {
    case 0: try add(.transpose(order: [0] + (1...last).shuffled(using: &random)), [input])
    case 1: try add(.reshape(regrouped(shape)), [input])
    case 2:
      let axis = 1 + random.below(last)
      let (start, step) = (random.below(shape[axis]), 1 + random.below(min(2, shape[axis])))
      let most = (shape[axis] - 1 - start) / step + 1
      try add(.slice(AxisSlice(axis: axis, start: start, count: 1 + random.below(most), step: step)), [input])
    case 3: try add(.join(axis: 1 + random.below(last)), [input, input])
    case 4:
      guard shape[0] == 1 else { return }
      let extents = Shape([1] + shape.dimensions[1...].map { random.below(2) == 0 ? $0 : 1 })
      try add(.constant(extents), [], [extents])
      let constant = values.removeLast()
      try add(.binary(random.pick([.add, .subtract, .multiply, .maximum])), [input, constant])
    case 5: try addProduct(input, shape)
    case 6: try add(.softmax, [input])
    case 7: try add(.layerNorm(epsilon: 1e-3), [input], [[shape[-1]], [shape[-1]]])
    case 8: try add(.activation(random.pick(Activation.allCases)), [input])
    case 9:
      let features = 1 + random.below(20)
      try add(.linear(Linear(features: features)), [input], [[features, shape[-1]], [features]])
    case 10:
      guard let other = values.last(where: { builder.shape($0) == shape }) else { return }
      try add(random.below(2) == 0 ? .add : .multiply, [input, other])
    default: try addImageNode(input, shape)
    }
  }

  private mutating func addProduct(_ input: Network.ValueID, _ shape: Shape) throws {
    guard shape.rank >= 3 else { return }
    let order = Array(0..<shape.rank - 2) + [shape.rank - 1, shape.rank - 2]
    try add(.transpose(order: order), [input])
    try add(.matrixProduct(MatrixProduct(scale: 0.25)), [input, values[values.count - 1]])
    try add(.softmax, [values[values.count - 1]])
    try add(.matrixProduct(MatrixProduct()), [values[values.count - 1], input])
  }

  private mutating func addImageNode(_ input: Network.ValueID, _ shape: Shape) throws {
    guard shape.rank == 4 else { return }
    switch random.below(4) {
    case 0: try add(.globalAveragePool, [input])
    case 1:
      let size = Extent(height: 1 + random.below(9), width: 1 + random.below(9))
      let modes: [Resampling.Mode] = [.linear, .nearest(.floor), .nearest(.roundPreferFloor)]
      let coordinates = random.pick([Resampling.Coordinates.asymmetric, .alignCorners, .halfPixel])
      try add(.resample(Resampling(size, mode: random.pick(modes), coordinates: coordinates)), [input])
    default:
      let convolution = Convolution(channels: 3 + random.below(8), kernel: .one, activation: .relu)
      try add(.convolution(convolution), [input], [[convolution.channels, shape[1], 1, 1]])
    }
  }

  /// The same number of elements in other extents, of which the first may become a multiple of the batch.
  private mutating func regrouped(_ shape: Shape) -> Shape {
    var rest = shape.elementCount
    var extents: [Int] = []
    for _ in 0..<1 + random.below(3) {
      let extent = random.pick((1...min(rest, 24)).filter { rest % $0 == 0 })
      extents.append(extent)
      rest /= extent
    }
    let first = extents.count > 1 && random.below(3) == 0 ? extents.removeLast() : 1
    return Shape([first] + extents + [rest])
  }
}

@Suite struct TensorNetworkTests {
  @Test(
    "Random networks of tensors equal the reference, at every level, batch and number of threads", arguments: 0..<120)
  func equalsReference(seed: Int) throws {
    let (network, weights) = try RandomTensorNetwork.make(seed: UInt64(seed), nodes: 10)
    let batch = 1 + seed % 3
    var shape = network.nodes[0].shape
    shape[0] = batch
    let inputs = ["image": randomTensor(shape, seed: UInt64(seed))]
    let expected = try ReferenceInterpreter(network, weights: weights).run(inputs)
    for isa in CPU.current.levels {
      let results = try [1, 2].map { threads in
        try CompiledNetwork(network, weights: weights, batch: batch, pool: ThreadPool(threads: threads), isa: isa)
          .run(inputs)
      }
      #expect(results[0] == results[1])
      for (name, wanted) in expected {
        let found = try #require(results[0][name])
        #expect(found.shape == wanted.shape)
        #expect(largestDifference(found, wanted) < 1e-4, "\(seed), \(isa), \(name)")
      }
    }
  }
}
