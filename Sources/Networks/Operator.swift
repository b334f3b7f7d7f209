import Tensors

/// What a node of a ``Network`` computes. Images are batch, channels, height, width.
public enum Operator: Hashable, Sendable {
  /// A value that the caller gives. No inputs, no parameters.
  case input
  /// y = (x − mean[c]) / deviation[c] with constants; the normalisation of raw pixels.
  case normalize(mean: [Float], deviation: [Float])
  /// Bilinear resizing with half-pixel centres and no anti-aliasing (ONNX `Resize`, mode linear).
  case resize(height: Int, width: Int)
  /// See ``Convolution``.
  case convolution(Convolution)
  /// y = gamma · (x − mean) / sqrt(variance + epsilon) + beta per channel; the variance is the biased one.
  /// Parameters: gamma, beta, mean, variance, each `[channels]`.
  case batchNorm(epsilon: Float)
  /// An elementwise non-linearity.
  case activation(Activation)
  /// The sum of two values of one shape.
  case add
  /// The product of two values; the second may be `[n, channels, 1, 1]` and is then spread over the image.
  case multiply
  /// See ``Pool``.
  case pool(Pool)
  /// The mean over the image: `[n, c, h, w]` to `[n, c, 1, 1]`.
  case globalAveragePool
  /// `[n, c, h, w]` to `[n, c·h·w]`.
  case flatten
  /// y = W x + b over the last dimension. Parameters: weight `[out, in]`, and bias `[out]` where it has one.
  case linear(Linear)
  /// Joins any number of values along the channels.
  case concat
  /// Channel (g, i) of `groups` × c/groups becomes channel (i, g) (Zhang et al., "ShuffleNet", 2018).
  case channelShuffle(groups: Int)
  /// Channels `start ..< start + count`.
  case channelSlice(start: Int, count: Int)

  /// A parameter as a value, the same for every image of a batch. Parameter: the value, of this shape.
  case constant(Shape)
  /// See ``BinaryOperation``.
  case binary(BinaryOperation)
  /// Axis i of the result is axis `order[i]` of the operand; the first axis stays the first.
  case transpose(order: [Int])
  /// The same elements in row-major order, in another shape.
  case reshape(Shape)
  /// See ``AxisSlice``.
  case slice(AxisSlice)
  /// Joins any number of values along an axis other than the first.
  case join(axis: Int)
  /// See ``MatrixProduct``.
  case matrixProduct(MatrixProduct)
  /// exp(x) / Σ exp(x) over the last dimension.
  case softmax
  /// See ``Resampling``.
  case resample(Resampling)

  /// Token numbers `[n, t]` to vectors `[n, t, width]`. Parameter: table `[vocabulary, width]`.
  case embedding(vocabulary: Int, width: Int)
  /// x / sqrt(mean(x²) + epsilon) · gain over the last dimension (Zhang and Sennrich, 2019). Parameter: gain.
  case rmsNorm(epsilon: Float)
  /// Layer normalisation over the last dimension (Ba et al., 2016). Parameters: gain, bias.
  case layerNorm(epsilon: Float)
  /// See ``Attention``.
  case attention(Attention)
  /// W_down(swish(W_gate x) · W_up x) (Shazeer, 2020). Parameters: gate and up `[hidden, width]`, down `[width, hidden]`.
  case swiglu(hidden: Int)
}

/// A two-dimensional convolution, with what the rewrites fuse into it.
///
/// Parameters: weight `[out, in / groups, kernel height, kernel width]`, and bias `[out]` where it has one. A node with
/// a second input adds it (a residual of the output's shape) before the activation. With byte weights the last parameter
/// is a scale per output channel `[out]`, and every weight is its channel's scale times a whole number within ±127.
public struct Convolution: Hashable, Sendable {
  /// The number of output channels.
  public var channels: Int
  /// The extent of the kernel.
  public var kernel: Extent
  /// The step between windows.
  public var stride: Extent
  /// Zeros around the image.
  public var padding: Padding
  /// The step between taps inside a window.
  public var dilation: Extent
  /// The number of groups; as many as channels for a depthwise convolution.
  public var groups: Int
  /// Whether there is a bias parameter.
  public var hasBias: Bool
  /// What is applied to the sum; `identity` until a rewrite fuses an activation.
  public var activation: Activation
  /// Whether the weights are whole multiples of scales, which are the last parameter.
  public var hasByteWeights = false
  /// Whether values and weights are rounded to BF16 before they are multiplied; sums and results are FP32. Only
  /// without groups.
  public var isBF16 = false

  /// Creates a convolution.
  public init(
    channels: Int, kernel: Extent, stride: Extent = .one, padding: Padding = .zero, dilation: Extent = .one,
    groups: Int = 1, hasBias: Bool = false, activation: Activation = .identity
  ) {
    self.channels = channels
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
    self.dilation = dilation
    self.groups = groups
    self.hasBias = hasBias
    self.activation = activation
  }

  /// An odd square kernel with the padding that keeps the size at stride 1.
  public static func square(
    channels: Int, kernel: Int, stride: Int = 1, groups: Int = 1, hasBias: Bool = false
  ) -> Convolution {
    Convolution(
      channels: channels, kernel: .init(kernel), stride: .init(stride), padding: .init(all: kernel / 2),
      groups: groups, hasBias: hasBias)
  }
}

/// A fully connected layer, with what the rewrites fuse into it. For byte weights see ``Convolution``.
public struct Linear: Hashable, Sendable {
  /// The number of outputs.
  public var features: Int
  /// Whether there is a bias parameter.
  public var hasBias: Bool
  /// What is applied to the sum.
  public var activation: Activation
  /// Whether the weights are whole multiples of scales, which are the last parameter.
  public var hasByteWeights = false
  /// Whether values and weights are rounded to BF16 before they are multiplied; sums and results are FP32.
  public var isBF16 = false

  /// Creates a fully connected layer.
  public init(features: Int, hasBias: Bool = true, activation: Activation = .identity) {
    self.features = features
    self.hasBias = hasBias
    self.activation = activation
  }
}

/// Pooling over windows. The average leaves padding out of its count.
public struct Pool: Hashable, Sendable {
  /// How a window becomes one number.
  public enum Kind: String, Hashable, Sendable, Codable {
    /// The largest value.
    case maximum
    /// The mean of the values inside the image.
    case average
  }

  /// How a window becomes one number.
  public var kind: Kind
  /// The extent of the window.
  public var kernel: Extent
  /// The step between windows.
  public var stride: Extent
  /// The border that windows may reach over.
  public var padding: Padding

  /// Creates a pooling operator.
  public init(_ kind: Kind, kernel: Extent, stride: Extent, padding: Padding = .zero) {
    self.kind = kind
    self.kernel = kernel
    self.stride = stride
    self.padding = padding
  }
}

/// Causal grouped-query attention with rotary positions (Ainslie et al., 2023; Su et al., 2021).
///
/// Parameters: query `[heads·headWidth, width]`, key and value `[keyValueHeads·headWidth, width]`, output
/// `[width, heads·headWidth]`.
public struct Attention: Hashable, Sendable {
  /// The number of query heads.
  public var heads: Int
  /// The number of key and value heads; divides `heads`.
  public var keyValueHeads: Int
  /// The width of one head.
  public var headWidth: Int
  /// The base of the rotary frequencies.
  public var rotaryBase: Float

  /// Creates an attention operator.
  public init(heads: Int, keyValueHeads: Int, headWidth: Int, rotaryBase: Float = 10_000) {
    self.heads = heads
    self.keyValueHeads = keyValueHeads
    self.headWidth = headWidth
    self.rotaryBase = rotaryBase
  }
}

/// A height and a width.
public struct Extent: Hashable, Sendable {
  /// Vertical extent.
  public var height: Int
  /// Horizontal extent.
  public var width: Int

  /// Creates an extent.
  public init(height: Int, width: Int) {
    self.height = height
    self.width = width
  }

  /// A square.
  public init(_ side: Int) { self.init(height: side, width: side) }

  /// 1×1
  public static let one = Extent(1)
}

/// A border around an image.
public struct Padding: Hashable, Sendable {
  /// Rows above.
  public var top: Int
  /// Columns to the left.
  public var left: Int
  /// Rows below.
  public var bottom: Int
  /// Columns to the right.
  public var right: Int

  /// Creates a border.
  public init(top: Int, left: Int, bottom: Int, right: Int) {
    self.top = top
    self.left = left
    self.bottom = bottom
    self.right = right
  }

  /// The same on all sides.
  public init(all: Int) { self.init(top: all, left: all, bottom: all, right: all) }

  /// No border.
  public static let zero = Padding(all: 0)
}

extension Operator {
  /// A short name for reports and messages, such as `convolution`.
  public var name: String {
    switch self {
    case .input: "input"
    case .normalize: "normalize"
    case .resize: "resize"
    case .convolution: "convolution"
    case .batchNorm: "batchNorm"
    case .activation(let activation): activation.rawValue
    case .add: "add"
    case .multiply: "multiply"
    case .pool(let pool): pool.kind == .maximum ? "maxPool" : "averagePool"
    case .globalAveragePool: "globalAveragePool"
    case .flatten: "flatten"
    case .linear: "linear"
    case .concat: "concat"
    case .channelShuffle: "channelShuffle"
    case .channelSlice: "channelSlice"
    case .constant: "constant"
    case .binary(let operation): operation.rawValue
    case .transpose: "transpose"
    case .reshape: "reshape"
    case .slice: "slice"
    case .join: "join"
    case .matrixProduct: "matrixProduct"
    case .softmax: "softmax"
    case .resample: "resample"
    case .embedding: "embedding"
    case .rmsNorm: "rmsNorm"
    case .layerNorm: "layerNorm"
    case .attention: "attention"
    case .swiglu: "swiglu"
    }
  }
}
