import Diagnostics
import Foundation
import Latency
import Networks
import Tensors
import Testing

@Suite struct GaussianProcessTests {
  private let kernel = GaussianProcess.Kernel(
    wide: .init(variance: 0.25, width: 4), narrow: .init(variance: 0.04, width: 1), shared: 0.01)

  @Test("Weights solve the normal equations of kernel and noise, where no value is far from the others")
  func normalEquations() throws {
    let observations = self.observations(40, noise: 1e-3)
    let process = try GaussianProcess.fit(observations, kernel: kernel)
    for (i, one) in observations.enumerated() {
      let fitted = process.value(at: one.position).value
      // The residual is the weight times the noise's variance, up to the trust in the value.
      let residual = one.value - fitted
      let trust = 5 / (4 + residual * residual / one.noise)
      #expect(abs(residual - Double(process.weights[i]) * one.noise / trust) < 2e-4)
    }
  }

  @Test("A smooth function is met between positions, a far position is left alone, and novelty tells them apart")
  func interpolation() throws {
    let process = try GaussianProcess.fit(observations(200, noise: 1e-4), kernel: kernel)
    var random = RandomSource(seed: 2)
    for _ in 0..<50 {
      let (x, y) = (Float(8 * random.uniform()), Float(8 * random.uniform()))
      let value = process.value(at: position(x, y))
      #expect(abs(value.value - Self.function(x, y)) < 0.06)
      #expect(value.novelty < 0.3)
    }
    let far = process.value(at: position(100, -100))
    #expect(abs(far.value) < 0.2 && far.novelty > 0.9)
  }

  @Test("One value that is far off moves its neighbours little")
  func outlier() throws {
    var observations = self.observations(100, noise: 1e-3)
    let clean = try GaussianProcess.fit(observations, kernel: kernel)
    observations[50].value += 2
    let fitted = try GaussianProcess.fit(observations, kernel: kernel)
    for one in observations.indices where one != 50 {
      let place = observations[one].position
      #expect(abs(fitted.value(at: place).value - clean.value(at: place).value) < 0.05)
    }
  }

  @Test("More values than are kept are merged with their neighbours, and none is left out")
  func merged() throws {
    let observations = observations(3 * GaussianProcess.mostObservations, noise: 0.04)
    let process = try GaussianProcess.fit(observations, kernel: kernel)
    #expect((500...GaussianProcess.mostObservations).contains(process.supports.count), "\(process.supports.count)")
    let third = try GaussianProcess.fit(Array(observations.prefix(GaussianProcess.mostObservations)), kernel: kernel)
    #expect(error(process) < 0.9 * error(third), "\(error(process)), \(error(third))")
  }

  /// The root mean square error of a process over the function's range.
  private func error(_ process: GaussianProcess) -> Double {
    var random = RandomSource(seed: 3)
    let errors = (0..<200).map { _ in
      let (x, y) = (Float(8 * random.uniform()), Float(8 * random.uniform()))
      return process.value(at: position(x, y)).value - Self.function(x, y)
    }
    return (errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot()
  }

  @Test("Values that are no numbers are an error")
  func notANumber() {
    var observations = self.observations(5, noise: 1e-3)
    observations[1].noise = .nan
    #expect(throws: Diagnostic.self) { try GaussianProcess.fit(observations, kernel: kernel) }
  }

  @Test("Operators of one kind and size share a position, and any other property moves it")
  func positions() throws {
    func position(
      _ convolution: Convolution, channels: Int = 16, side: Int = 8, activation: Activation = .identity
    ) throws -> OperatorPosition {
      var builder = NetworkBuilder(name: "one")
      let image = try builder.input("image", [1, channels, side, side])
      var convolution = convolution
      convolution.activation = activation
      _ = try builder.convolution("c", image, convolution)
      let network = builder.network(outputs: [("y", 1)])
      return OperatorPosition(of: network.nodes[1], in: network, workingSet: 1e6)
    }
    let base = Convolution.square(channels: 32, kernel: 3)
    var dilated = base
    dilated.dilation = Extent(2)
    #expect(try position(base) == position(base))
    let others = try [
      position(.square(channels: 48, kernel: 3)), position(.square(channels: 32, kernel: 5)),
      position(.square(channels: 32, kernel: 3, stride: 2)), position(.square(channels: 32, kernel: 3, groups: 4)),
      position(base, channels: 24), position(base, side: 9), position(base, activation: .swish),
      position(base, activation: .relu), position(dilated),
    ]
    #expect(try Set(others + [position(base)]).count == others.count + 1)
  }

  private func position(_ x: Float, _ y: Float) -> OperatorPosition {
    var lanes = SIMD16<Float>.zero
    (lanes[0], lanes[1]) = (x, y)
    return OperatorPosition(lanes)
  }

  private static func function(_ x: Float, _ y: Float) -> Double { 0.3 * sin(Double(x) / 2) + 0.1 * Double(y) - 0.3 }

  private func observations(_ count: Int, noise: Double) -> [GaussianProcess.Observation] {
    var random = RandomSource(seed: 1)
    return (0..<count).map { _ in
      let (x, y) = (Float(8 * random.uniform()), Float(8 * random.uniform()))
      let value = Self.function(x, y) + noise.squareRoot() * random.normal() / 3
      return .init(position: position(x, y), value: value, noise: noise)
    }
  }
}
