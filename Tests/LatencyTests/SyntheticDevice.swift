import Foundation
import Latency
import Networks
import Tensors

/// Random inverted-residual networks, and devices whose latency is a formula of the operators.
struct SyntheticDevice {
  /// Relative standard deviation of the noise.
  var noise = 0.02
  /// The fraction of measurements that are slowed down by a factor of up to ten.
  var outliers = 0.05

  /// A roofline per operator: the longer of arithmetic and memory, and a fixed time.
  func milliseconds(_ network: Network) -> Double {
    NetworkFeatures(of: network).operators.reduce(0.05) { $0 + milliseconds($1) }
  }

  func milliseconds(_ features: OperatorFeatures) -> Double {
    let terms = features.terms
    let rate = features.category.rawValue.hasPrefix("depthwise") ? 12e6 : 60e6
    let arithmetic = (terms[.macs] + terms[.waste]) / rate
    let memory = (terms[.read] + terms[.written] + terms[.weights] + terms[.patches]) / 10e6
    return max(arithmetic, memory) + 0.002
  }

  /// A formula that a linear model can meet exactly.
  func linearMilliseconds(_ network: Network) -> Double {
    NetworkFeatures(of: network).operators.reduce(0.05) { sum, features in
      let rate = features.category.rawValue.hasPrefix("depthwise") ? 12e6 : 60e6
      return sum + features.terms[.macs] / rate + features.terms[.written] / 10e6 + 0.002
    }
  }

  /// A noisy measurement of a latency.
  func measured(_ milliseconds: Double, _ random: inout RandomSource) -> Double {
    let slowdown = random.uniform() < outliers ? 1.5 + 8.5 * random.uniform() : 1
    return milliseconds * exp(noise * random.normal()) * slowdown
  }

  static func network(_ random: inout RandomSource) throws -> Network {
    var builder = NetworkBuilder(name: "random")
    let side = random.pick([24, 28, 32])
    let image = try builder.input("image", [1, 3, side, side])
    var value = try unit(&builder, "stem", image, .square(channels: 16, kernel: 3), .hswish)
    for stage in 0..<3 {
      let channels = random.pick([[16, 24], [32, 40], [64, 80]][stage])
      for block in 0..<(1 + random.below(3)) {
        value = try invertedResidual(
          &builder, "s\(stage)b\(block)", value, channels: channels, stride: block == 0 ? 2 : 1, &random)
      }
    }
    value = try unit(&builder, "last", value, .square(channels: 256, kernel: 1), .hswish)
    value = try builder.append("pool", .globalAveragePool, [value])
    value = try builder.append("flat", .flatten, [value])
    let logits = try builder.linear("head", value, Linear(features: 10))
    return builder.network(outputs: [("logits", logits)])
  }

  private static func invertedResidual(
    _ builder: inout NetworkBuilder, _ name: String, _ input: Int, channels: Int, stride: Int,
    _ random: inout RandomSource
  ) throws -> Int {
    let wide = builder.shape(input)[1] * random.pick([3, 4, 6])
    let depthwise = Convolution.square(
      channels: wide, kernel: random.pick([3, 5, 7]), stride: stride, groups: wide)
    var value = try unit(&builder, name + ".expand", input, .square(channels: wide, kernel: 1), .hswish)
    value = try unit(&builder, name + ".depthwise", value, depthwise, .hswish)
    value = try unit(&builder, name + ".project", value, .square(channels: channels, kernel: 1), .identity)
    guard builder.shape(value) == builder.shape(input) else { return value }
    return try builder.append(name + ".add", .add, [value, input])
  }

  private static func unit(
    _ builder: inout NetworkBuilder, _ name: String, _ input: Int, _ convolution: Convolution,
    _ activation: Activation
  ) throws -> Int {
    let sum = try builder.convolution(name, input, convolution)
    let normal = try builder.batchNorm(name + ".norm", sum)
    return activation == .identity
      ? normal : try builder.append(name + ".act", .activation(activation), [normal])
  }
}

/// What the tests' samples claim to come from.
let testProvenance = PredictorProvenance(
  deviceName: "formula",
  device: DeviceFingerprint(
    cpu: "test", isa: "avx512", threads: 1, precision: "fp32", runtime: "quoin-1",
    libraries: ["OpenBLAS": "0.3"]),
  space: "random", spaceHash: "00ff")

/// Networks with exact and measured latencies.
struct SyntheticSamples {
  var networks: [Network] = []
  var exact: [Double] = []
  var measured: [Double] = []

  init(_ count: Int, seed: UInt64, device: SyntheticDevice = SyntheticDevice(), linear: Bool = false) throws {
    var random = RandomSource(seed: seed)
    for _ in 0..<count {
      let network = try SyntheticDevice.network(&random)
      let milliseconds = linear ? device.linearMilliseconds(network) : device.milliseconds(network)
      networks.append(network)
      exact.append(milliseconds)
      measured.append(device.measured(milliseconds, &random))
    }
  }

  var training: [TrainingSample] {
    networks.indices.map { TrainingSample(key: "n\($0)", network: networks[$0], milliseconds: measured[$0]) }
  }
}
