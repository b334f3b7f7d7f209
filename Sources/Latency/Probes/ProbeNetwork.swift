import Foundation
import Networks
import Tensors

/// Random image networks that a device is measured with, so that a predictor meets operators of all kinds, sizes and
/// neighbours before it is asked about a network that somebody designed.
///
/// Sizes are drawn from the ranges of published convolutional networks (nn-Meter, Zhang et al., 2021, samples single
/// kernels from such a prior; whole networks also show what an operator costs after another one).
public enum ProbeNetwork {
  /// What reports call all probes.
  public static let family = "probe"
  /// Of the way in which networks are drawn: another version draws others for the same numbers.
  public static let version = 3

  /// The network of a number; the same seed and number give the same network.
  public static func network(_ number: Int, seed: UInt64) throws -> Network {
    var random = RandomSource(seed: seed, purpose: "probe network \(number)")
    var builder = ProbeBuilder(name: "probe-\(number)", random: random.next())
    return try builder.network()
  }
}

/// Draws and appends one network.
struct ProbeBuilder {
  var builder: NetworkBuilder
  var random: RandomSource
  var activation = Activation.relu
  private var isLarge = false
  private var counter = 0
  init(name: String, random seed: UInt64) {
    builder = NetworkBuilder(name: name)
    random = RandomSource(seed: seed)
  }

  /// One network in three is as large as those that are published for photographs: operators of small ones do not tell what
  /// happens when neither weights nor images stay in a cache.
  private static let largeOneIn = 3
  /// Multiply-accumulates after which no block is added: from a thousandth of a second to some hundredths.
  private static let (small, large) = (2e6...1.2e9, 2e8...5e9)
  private static let mostStages = 12
  /// Parameters after which no block is added.
  private static let mostParameters = 30_000_000
  /// The most numbers of an image that a fully connected layer takes.
  private static let mostFlattened = 12_544

  mutating func network() throws -> Network {
    isLarge = random.below(Self.largeOneIn) == 0
    let resolution = random.pick(
      isLarge ? [192, 224, 224, 224, 256] : [32, 32, 48, 64, 96, 112, 128, 160, 192, 224, 224, 256])
    let range = isLarge ? Self.large : Self.small
    let budget = logUniform(range.lowerBound, range.upperBound)
    activation = random.pick([.relu, .relu, .relu, .relu6, .hswish, .swish, .swish])
    var value = try builder.input("image", [1, 3, resolution, resolution])
    value = try stem(value, isSmall: resolution <= 64)
    for _ in 0..<Self.mostStages where hasRoom(value, budget) { value = try stage(value, budget: budget) }
    let logits = try head(value)
    return builder.network(outputs: [("logits", logits)])
  }

  /// Whether the network up to a value may grow.
  private func hasRoom(_ value: Network.ValueID, _ budget: Double) -> Bool {
    let cost = builder.network(outputs: [("value", value)]).cost
    return Double(cost.macs) < budget && cost.parameters < Self.mostParameters
  }

  private mutating func stem(_ image: Network.ValueID, isSmall: Bool) throws -> Network.ValueID {
    let kernel = isSmall ? 3 : random.pick([3, 3, 7])
    let channels = random.pick([16, 24, 32, 32, 40, 48, 64])
    var value = try convolution(image, channels, kernel: kernel, stride: isSmall ? random.pick([1, 2]) : 2)
    if random.below(3) == 0 { value = try pool(value, .maximum, kernel: 3, stride: 2) }
    return value
  }

  /// Some blocks of one kind, the first of which may halve the image.
  private mutating func stage(_ input: Network.ValueID, budget: Double) throws -> Network.ValueID {
    let shape = builder.shape(input)
    let stride = shape[2] >= 7 && random.below(5) > 0 ? 2 : 1
    let kind = random.pick(ProbeBlock.Kind.allCases)
    let channels = min(
      kind.mostChannels,
      rounded(Double(shape[1]) * (stride == 2 ? 1.2 + random.uniform() : 0.75 + 0.75 * random.uniform())))
    let block = block(like: kind, channels)
    var value = try append(block, input, stride: stride)
    let repeats = random.below(isLarge ? 6 : 3)
    for _ in 0..<repeats where hasRoom(value, budget) { value = try append(block, value, stride: 1) }
    return value
  }

  private mutating func head(_ input: Network.ValueID) throws -> Network.ValueID {
    var value = input
    let shape = builder.shape(value)
    if random.below(2) == 0 { value = try convolution(value, rounded(logUniform(128, 1536)), kernel: 1) }
    // Some older networks have large fully connected layers on the whole image.
    let isOld = shape.elementCount <= Self.mostFlattened && random.below(6) == 0
    if !isOld { value = try builder.append(next("pool"), .globalAveragePool, [value]) }
    value = try builder.append(next("flat"), .flatten, [value])
    if isOld || random.below(6) == 0 {
      let hidden = Linear(features: rounded(logUniform(128, 4096)), activation: .relu)
      value = try builder.linear(next("hidden"), value, hidden)
    }
    return try builder.linear(next("head"), value, Linear(features: random.pick([10, 100, 1000, 1000])))
  }

  /// A name that is new in this network.
  mutating func next(_ kind: String) -> String {
    counter += 1
    return "\(kind)\(counter)"
  }

  mutating func logUniform(_ low: Double, _ high: Double) -> Double { low * pow(high / low, random.uniform()) }

  /// A multiple of 8, as most published widths are; of 4 for one in four.
  mutating func rounded(_ channels: Double) -> Int {
    let unit = random.below(4) == 0 ? 4 : 8
    return max(8, Int((channels / Double(unit)).rounded()) * unit)
  }
}
