import Compute
import Foundation
import Inference
import Networks
import Tensors

/// Times the kernels on layers of real networks in FP32 and INT8, one network of one convolution per layer.
///
/// A layer alone finds its weights and its input in the caches more often than within its network; what stands here is
/// what the kernels reach, and `quoin profile` says what the network makes of it.
struct KernelBench {
  /// A convolution of a published network.
  private struct Layer {
    let family: String
    let source: String
    let inputs: Int
    let side: Int
    let outputs: Int
    var kernel = 1
    var stride = 1
    var groups = 1
    var activation = Activation.relu

    /// The layer within a network. A mean follows, since a network's own output would leave as numbers, not as bytes.
    func network() throws -> Network {
      var builder = NetworkBuilder(name: source)
      let image = try builder.input("image", [1, inputs, side, side])
      let value = try builder.convolution(
        "layer", image,
        Convolution(
          channels: outputs, kernel: Extent(height: kernel, width: kernel),
          stride: Extent(height: stride, width: stride),
          padding: Padding(top: kernel / 2, left: kernel / 2, bottom: kernel / 2, right: kernel / 2), groups: groups,
          activation: activation))
      let mean = try builder.append("mean", .globalAveragePool, [value])
      return builder.network(outputs: [("y", mean)])
    }

    var shape: String {
      let window = "\(kernel)×\(kernel)/\(stride)"
      return "\(inputs)→\(outputs) \(side)×\(side) \(window)" + (groups > 1 ? " groups \(groups)" : "")
    }
  }

  private static let layers: [Layer] = [
    Layer(family: "stem", source: "MobileNetV2", inputs: 3, side: 224, outputs: 32, kernel: 3, stride: 2),
    Layer(family: "stem", source: "ResNet-50", inputs: 3, side: 224, outputs: 64, kernel: 7, stride: 2),
    Layer(family: "gemm", source: "MobileNetV2", inputs: 16, side: 112, outputs: 96),
    Layer(family: "gemm", source: "MobileNetV2", inputs: 24, side: 56, outputs: 144),
    Layer(family: "gemm", source: "MobileNetV2", inputs: 144, side: 28, outputs: 32, activation: .identity),
    Layer(family: "gemm", source: "MobileNetV2", inputs: 96, side: 14, outputs: 576),
    Layer(family: "gemm", source: "EfficientNet-B0", inputs: 24, side: 56, outputs: 144, activation: .swish),
    Layer(family: "gemm", source: "EfficientNet-B0", inputs: 112, side: 14, outputs: 672, activation: .swish),
    Layer(family: "gemm", source: "MobileNetV2", inputs: 960, side: 7, outputs: 160, activation: .identity),
    Layer(family: "gemm", source: "MobileNetV2", inputs: 320, side: 7, outputs: 1280),
    Layer(family: "gemm", source: "ResNet-50", inputs: 256, side: 56, outputs: 64),
    Layer(family: "gemm", source: "ResNet-50", inputs: 512, side: 28, outputs: 128),
    Layer(family: "gemm", source: "ResNet-50", inputs: 1024, side: 14, outputs: 256),
    Layer(family: "gemm", source: "ResNet-50", inputs: 512, side: 7, outputs: 2048, activation: .identity),
    Layer(family: "gemm", source: "MobileNetV2", inputs: 1280, side: 1, outputs: 1000, activation: .identity),
    Layer(family: "dense", source: "ResNet-50", inputs: 64, side: 56, outputs: 64, kernel: 3),
    Layer(family: "dense", source: "ResNet-50", inputs: 128, side: 28, outputs: 128, kernel: 3),
    Layer(family: "dense", source: "ResNet-50", inputs: 256, side: 14, outputs: 256, kernel: 3),
    Layer(family: "dense", source: "ResNet-50", inputs: 512, side: 7, outputs: 512, kernel: 3),
    Layer(
      family: "gconv", source: "RegNetY-400MF", inputs: 48, side: 112, outputs: 48, kernel: 3, stride: 2, groups: 6),
    Layer(family: "gconv", source: "RegNetY-400MF", inputs: 104, side: 28, outputs: 104, kernel: 3, groups: 13),
    Layer(family: "gconv", source: "RegNetY-400MF", inputs: 440, side: 7, outputs: 440, kernel: 3, groups: 55),
    Layer(family: "gconv", source: "ResNeXt-50", inputs: 512, side: 14, outputs: 512, kernel: 3, groups: 32),
    Layer(
      family: "dwconv", source: "MobileNetV2", inputs: 96, side: 112, outputs: 96, kernel: 3, stride: 2, groups: 96),
    Layer(family: "dwconv", source: "MobileNetV2", inputs: 192, side: 28, outputs: 192, kernel: 3, groups: 192),
    Layer(family: "dwconv", source: "MobileNetV2", inputs: 576, side: 14, outputs: 576, kernel: 3, groups: 576),
    Layer(family: "dwconv", source: "MobileNetV2", inputs: 960, side: 7, outputs: 960, kernel: 3, groups: 960),
    Layer(
      family: "dwconv", source: "EfficientNet-B0", inputs: 672, side: 14, outputs: 672, kernel: 5, stride: 2,
      groups: 672),
    Layer(family: "dwconv", source: "EfficientNet-B0", inputs: 1152, side: 7, outputs: 1152, kernel: 5, groups: 1152),
  ]

  /// Prints a row per layer: for FP32 and INT8 the microseconds, thousand million operations per second, and the share of
  /// the peak measured beside it.
  static func run(threads: Int, isa: ISA) throws {
    let pool = ThreadPool(threads: threads, pinned: true)
    CPU.pinCurrentThread(to: 0)
    let peaks = MachineProbe.measured(threads: threads, isa: isa)
    print(
      String(
        format: "%@, %d threads, peak %.0f GFLOP/s in FP32, %.0f G operations/s on bytes", isa.rawValue, threads,
        peaks.peakGigaflops, peaks.peakByteGigaops))
    for layer in layers {
      let network = try layer.network()
      var random = RandomSource(seed: 1, purpose: "kernels")
      func numbers(_ shape: Shape) -> Tensor {
        Tensor(shape, (0..<shape.elementCount).map { _ in Float(random.uniform() - 0.5) })
      }
      var weights: Weights = [:]
      for parameter in network.parameters { weights[parameter.name] = numbers(parameter.storedShape) }
      let images = ["image": numbers([1, layer.inputs, layer.side, layer.side])]
      let bytes = try Quantiser(method: .minmax, pool: pool).quantised(network, weights: weights, samples: images)
      let columns = [layer.family.padded(to: 10), layer.source.padded(to: 16), layer.shape.padded(to: 36)]
      let timings = try [
        (network, weights, peaks.peakGigaflops), (bytes.network, bytes.weights, peaks.peakByteGigaops),
      ]
      .map { network, weights, peak in
        let compiled = try CompiledNetwork(network, weights: weights, pool: pool, isa: isa)
        try compiled.bind(images)
        return row(compiled.profile(runs: 200).max { $0.gigaflops < $1.gigaflops }, peak: peak)
      }
      print((columns + timings).joined())
    }
  }

  private static func row(_ timing: OperatorTiming?, peak: Double) -> String {
    guard let timing else { return "        -" }
    return String(
      format: "%9.1f µs %6.0f G/s %3.0f %%", 1e3 * timing.milliseconds, timing.gigaflops, 100 * timing.gigaflops / peak)
  }
}

extension String {
  /// The text with spaces behind it.
  fileprivate func padded(to width: Int) -> String { padding(toLength: width, withPad: " ", startingAt: 0) }
}
