import Networks
import Tensors

/// What a name in an ONNX graph stands for while the graph is read.
///
/// Several ONNX nodes can make up one operator of a ``Network``. The cases other than `node` and `constant` are such
/// operators half-read: they become nodes only if something else than their continuation reads them.
indirect enum ImportedValue {
  /// A value of the network.
  case node(Network.ValueID)
  /// Numbers that are known.
  case constant(ONNXConstant)
  /// Arithmetic with one constant per channel.
  case affine(ChannelArithmetic)
  /// An activation of a value; times that value it is the gated activation.
  case gate(Network.ValueID, Activation, name: String)
  /// An activation of a value times a number that something later divides by: 6 where older files spell the hard sigmoid
  /// and hard swish, 2 for a gelu.
  case multiple(Network.ValueID, Activation, factor: Float, name: String)
  /// erf(x / √2), or 1 + erf(x / √2).
  case errorFunction(Network.ValueID, isShifted: Bool)
  /// (1 + erf(x / √2)) / 2, the share of a gelu.
  case normalDistribution(Network.ValueID)
  /// Part of a layer norm.
  case layerNorm(SpelledLayerNorm)
  /// A transposed value whose batch is not yet the first axis again.
  case permuted(Network.ValueID, order: [Int])
  /// A product with a matrix `[out, in]` that a bias may follow; the scales are those of byte weights.
  case product(Network.ValueID, weight: Tensor, scales: [Float]?, name: String)
  /// A value on a grid that is not yet dequantised, or what moved it since; the file's bytes may be signed.
  case bytes(ImportedValue, ByteGrid, isSigned: Bool)
  /// An image with zeros around it.
  case padded(Network.ValueID, Padding)
  /// Channels split as groups × rest, or swapped to rest × groups: on the way of a channel shuffle.
  case grouped(Network.ValueID, groups: Int, isSwapped: Bool)
  /// A value of rank 2 with a height of 1, on the way to an image of one pixel.
  case column(Network.ValueID)
}

/// y = (x − mean) / deviation per channel, collected from additions, subtractions, products and quotients with one number
/// or one per channel.
struct ChannelArithmetic {
  let source: Network.ValueID
  /// The name of the last ONNX node of the collection.
  var name: String
  /// One number per channel.
  var mean: [Double]
  /// One number per channel.
  var deviation: [Double]

  init(_ source: Network.ValueID, channels: Int, name: String) {
    (self.source, self.name) = (source, name)
    mean = Array(repeating: 0, count: channels)
    deviation = Array(repeating: 1, count: channels)
  }

  /// y ± c
  mutating func add(_ constant: [Float], sign: Double) {
    for i in mean.indices { mean[i] -= sign * Double(constant[constant.count == 1 ? 0 : i]) * deviation[i] }
  }

  /// y · c
  mutating func multiply(by constant: [Float]) {
    for i in mean.indices { deviation[i] /= Double(constant[constant.count == 1 ? 0 : i]) }
  }

  /// y / c
  mutating func divide(by constant: [Float]) {
    for i in mean.indices { deviation[i] *= Double(constant[constant.count == 1 ? 0 : i]) }
  }

  /// The one number that it multiplies all channels by, where it does nothing else.
  var scale: Double? {
    mean.allSatisfy { $0 == 0 } && deviation.allSatisfy { $0 == deviation[0] } ? 1 / deviation[0] : nil
  }

  /// Whether all channels are treated alike.
  var isUniform: Bool { mean.allSatisfy { $0 == mean[0] } && deviation.allSatisfy { $0 == deviation[0] } }

  /// Whether it adds one constant to all channels and does nothing else.
  func adds(_ constant: Double) -> Bool { mean.allSatisfy { $0 == -constant } && deviation.allSatisfy { $0 == 1 } }
}
