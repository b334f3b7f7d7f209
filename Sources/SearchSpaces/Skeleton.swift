import Networks

/// A place of a space file where a value stands: one value, or several to choose from.
struct Choice: Hashable, Sendable {
  /// The last part of the variable's name, such as `kernel`.
  let key: String
  /// The values as written; one where there is nothing to choose.
  let values: [VariableValue]
  /// The line of the file, for messages about how values fit together.
  let line: Int?

  /// Whether there is something to choose.
  var isOpen: Bool { values.count > 1 }
}

/// The kinds of blocks; the raw values are the names in files, variables and tensors.
enum BlockKind: String, CaseIterable, Sendable {
  /// Inverted residual (Sandler et al., "MobileNetV2", 2018).
  case mbconv
  /// Inverted residual whose expansion and depthwise convolutions are one (Gupta and Tan, EfficientNet-EdgeTPU, 2019).
  case fusedMBConv = "fused_mbconv"
  /// One convolution.
  case conv
  /// Bottleneck residual (He et al., 2016).
  case bottleneck
  /// Grouped 1×1 convolutions around a channel shuffle and a depthwise convolution (Zhang et al., "ShuffleNet", 2018).
  case shuffle
  /// Nothing: the block's input is its output.
  case skip

  /// The keys under which a file may set up this kind, in the order of messages.
  var keys: [String] {
    switch self {
    case .mbconv, .fusedMBConv: ["channels", "kernel", "expand", "se", "activation"]
    case .conv: ["channels", "kernel", "groups", "activation"]
    case .bottleneck: ["channels", "kernel", "expand", "groups", "se", "activation"]
    case .shuffle: ["channels", "kernel", "expand", "groups", "activation"]
    case .skip: []
    }
  }
}

/// One kind of block with its choices; a slot has one candidate, or several under `choose`.
struct Candidate: Hashable, Sendable {
  /// The value of the `kind` variable.
  let label: String
  /// What it is.
  let kind: BlockKind
  /// Its choices by key: `kernel`, `expand`, `se`, `groups`, `activation`, where the kind has them.
  let choices: [Choice]
  /// The line of the file.
  let line: Int?

  func choice(_ key: String) -> Choice? { choices.first { $0.key == key } }
}

/// A run of blocks with one number of output channels.
struct Stage: Hashable, Sendable {
  let name: String
  let depth: Choice
  let stride: Choice
  let channels: Choice
  /// Whether each block chooses for itself.
  let perBlock: Bool
  /// Whether the file writes `choose`; then kinds are part of variable names.
  let hasKinds: Bool
  let candidates: [Candidate]
  let line: Int?
  /// Whether the first block is certain to keep the shape of its input; only then may it be skipped.
  var keepsShape = false

  var depths: [Int] { depth.values.map(\.integer) }
  var maximumDepth: Int { depths.max() ?? 0 }

  /// The candidates of a block; positions count from 1.
  func candidates(at position: Int) -> [Candidate] {
    position > 1 || keepsShape ? candidates : candidates.filter { $0.kind != .skip }
  }

  /// The first part of the names of a block's variables.
  func scope(of position: Int) -> String { perBlock ? "\(name).\(position)" : name }
}

/// The image that enters a network, and how its pixels are normalised.
struct ImageInput: Hashable, Sendable {
  let channels: Int
  let size: Choice
  let mean: [Float]
  let deviation: [Float]

  /// The size of the network's input: the largest of the list.
  var nativeSize: Extent {
    let sizes = size.values.map(\.extent)
    return Extent(height: sizes.map(\.height).max() ?? 0, width: sizes.map(\.width).max() ?? 0)
  }
}

/// A convolution at the start or the end of a network.
struct EndConvolution: Hashable, Sendable {
  let channels: Choice
  let kernel: Choice
  let stride: Choice
  let activation: Choice

  var choices: [Choice] { [channels, kernel, stride, activation] }
}

/// Upper bounds that every drawn network keeps.
public struct NetworkLimits: Hashable, Sendable, Codable {
  /// The most parameters, as ``Networks/Cost/parameters`` counts them.
  public var parameters: Double?
  /// The most multiply-accumulate operations for one image.
  public var macs: Double?

  /// Whether a cost keeps the limits.
  public func allow(_ cost: Cost) -> Bool {
    Double(cost.parameters) <= parameters ?? .infinity && Double(cost.macs) <= macs ?? .infinity
  }

  /// Whether there is anything to keep.
  var isEmpty: Bool { parameters == nil && macs == nil }
}

// The reader lets a value of another form into no place, so that these never meet one.
extension VariableValue {
  var integer: Int {
    guard case .integer(let integer) = self else { preconditionFailure("\(self) is no whole number") }
    return integer
  }

  var number: Double {
    switch self {
    case .integer(let integer): return Double(integer)
    case .number(let number): return number
    default: preconditionFailure("\(self) is no number")
    }
  }

  var extent: Extent {
    switch self {
    case .integer(let side): return Extent(side)
    case .extent(let height, let width): return Extent(height: height, width: width)
    default: preconditionFailure("\(self) is no extent")
    }
  }

  var activation: Activation {
    guard case .text(let name) = self, let activation = Activation(rawValue: name) else {
      preconditionFailure("\(self) is no activation")
    }
    return activation
  }

  /// The ratio of a squeeze-excite, 0 for none; `true` stands for 1/4.
  var squeezeRatio: Double {
    switch self {
    case .flag(let flag): return flag ? 0.25 : 0
    default: return number
    }
  }
}
