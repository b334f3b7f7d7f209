import Compute
import Diagnostics
import Tensors

/// The method of HELP: a device is described by its latencies on reference architectures, and a network that was
/// meta-learned on the source devices is adapted to its measurements.
struct HELPPredictor: FewShotMethod {
  /// Latencies on references are at least this share of the device's middle, whatever a model says.
  private static let leastShare = 0.02

  private let learner: MetaLearner
  private let references: [Int]
  /// The numbers of the encoding that the network reads: values and numbers, without products and what follows from
  /// others.
  private let inputs: Matrix

  /// Learns from the source devices.
  ///
  /// Most references lie outside the rows in which sources are known, so that all sources are described by what their
  /// models say of them.
  ///
  /// - Throws: ``Diagnostic`` without references or sources.
  init(
    _ sources: SourceDevices, references: [Int], seed: UInt64, options: MetaLearner.Options = MetaLearner.Options(),
    check: () throws -> Void = {}
  ) throws {
    guard !references.isEmpty, sources.count > 0 else {
      throw Diagnostic(
        .usage, "the method needs reference rows and training devices",
        rule: "a device is described by its latencies on the references, and the network learns from known devices",
        remedy: "give --references and --train-devices, or use --method transfer")
    }
    try BLAS.load()
    let inputs = Self.inputs(of: sources.encoding)
    (self.references, self.inputs) = (references, inputs)
    let devices = (0..<sources.count).map { device in
      let column = sources.coefficients.column(device)
      let said = (sources.encoding.matrix.rows(references) * column).map {
        max(sources.intercepts[device] + $0, Self.leastShare)
      }
      let middle = median(said)
      return MetaLearner.Device(
        embedding: said.map { Float($0 / middle - 1) }, rows: sources.known[device].rows,
        targets: sources.known[device].latencies.map { Float($0 / middle - 1) })
    }
    var random = RandomSource(seed: seed, purpose: "help")
    var learner = MetaLearner(
      HELPNetwork(inputs: inputs.columns, references: references.count, width: options.width), options: options,
      using: &random)
    let rows = inputs.values.map { Float($0) }
    try learner.learn(
      from: devices, encoding: { rows[$0 * inputs.columns..<($0 + 1) * inputs.columns] }, using: &random, check: check)
    self.learner = learner
  }

  private static func inputs(of encoding: TableEncoding) -> Matrix {
    var columns: [Int] = []
    for (block, offset) in zip(encoding.blocks, encoding.offsets) where !block.isDerived {
      columns += offset..<offset + block.width
    }
    let numbers = encoding.offsets[encoding.blocks.count]
    columns += numbers..<numbers + encoding.numbers
    let values = (0..<encoding.matrix.rows).flatMap { row in columns.map { encoding.matrix[row, $0] } }
    return Matrix(rows: encoding.matrix.rows, columns: columns.count, values)
  }

  /// Predicts rows on a new device, with intervals from measurements that the network is adapted without.
  func predict(rows: [Int], measured: [(row: Int, latency: Double)]) throws -> [LatencyPrediction] {
    let known = try references.map { reference in
      guard let place = measured.first(where: { $0.row == reference }) else {
        throw Diagnostic(
          .unusableFile, "a reference row is not measured on the new device", value: "\(reference)",
          rule: "the method describes a device by all of them")
      }
      return place.latency
    }
    let middle = median(known)
    let embedding = known.map { Float($0 / middle - 1) }
    func predictions(_ rows: [Int], from measured: [(row: Int, latency: Double)]) -> [Double] {
      let targets = measured.map { Float($0.latency / middle - 1) }
      let (parameters, _) = learner.adapted(
        rows: encoded(measured.map(\.row)), targets: targets, embedding: embedding)
      return learner.network.forward(parameters, rows: encoded(rows), embedding: embedding).result
        .map { 1 + Double($0) }
    }
    let scores = measured.indices.map { left in
      let others = measured.indices.filter { $0 != left }.map { measured[$0] }
      let mean = predictions([measured[left].row], from: others.isEmpty ? measured : others)[0]
      return abs(measured[left].latency / middle - mean) / TransferProblem.noise(mean)
    }
    let reach = conformalQuantile(scores)
    return predictions(rows, from: measured).map {
      LatencyPrediction(relative: $0, deviation: reach * TransferProblem.noise($0), unit: middle)
    }
  }

  private func encoded(_ rows: [Int]) -> [Float] { rows.flatMap { inputs.row($0).map { Float($0) } } }
}
