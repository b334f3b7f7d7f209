import Diagnostics

extension LatencyTable {
  /// The position of a device.
  ///
  /// - Throws: ``Diagnostic`` where the table has none of this name.
  func position(of device: String) throws -> Int {
    guard let position = devices.firstIndex(of: device) else {
      throw Diagnostic(
        .usage, "the table has no such device", value: device, rule: "it has \(devices.joined(separator: ", "))",
        nearest: nearestName(to: device, among: devices))
    }
    return position
  }

  /// The rows with a latency of a device.
  func measurements(of device: Int, rows: Range<Int>? = nil) -> [(row: Int, latency: Double)] {
    (rows ?? 0..<self.rows).compactMap { row in latency(row, on: device).map { (row: row, latency: $0) } }
  }

  /// The same architectures with the features in the order, and the categories in the positions, of another table.
  ///
  /// - Throws: ``Diagnostic`` where names or kinds of features differ, or a category is none of the other table's.
  func expressed(in scheme: TableScheme) throws -> LatencyTable {
    let places = try scheme.features.map { wanted in
      guard let place = features.firstIndex(where: { $0.name == wanted.name }) else {
        throw Diagnostic(
          .unusableFile, "the table lacks a feature of the base", value: wanted.name,
          rule: "both have the same features", nearest: nearestName(to: wanted.name, among: features.map(\.name)))
      }
      return place
    }
    if let extra = features.first(where: { feature in !scheme.features.contains { $0.name == feature.name } }) {
      throw Diagnostic(
        .unusableFile, "the table has a feature that the base lacks", value: extra.name,
        rule: "both have the same features", remedy: "fit without --base")
    }
    let codes = try zip(scheme.features, places).map { wanted, place -> [Double]? in
      switch (wanted.kind, features[place].kind) {
      case (.ordinal, .ordinal): return nil
      case (.categorical(let names), .categorical(let own)): return own.map { Double(names.firstIndex(of: $0) ?? -1) }
      default:
        throw Diagnostic(
          .unusableFile, "a feature is of another kind in the base", value: wanted.name,
          rule: "it is categorical in both, or ordinal in both")
      }
    }
    var values: [Double] = []
    for row in 0..<rows {
      let architecture = Array(self.architecture(row))
      for (feature, place) in places.enumerated() {
        let value = architecture[place]
        guard let codes = codes[feature] else {
          values.append(value)
          continue
        }
        if codes[Int(value)] < 0, case .categorical(let own) = features[place].kind {
          throw scheme.unknown(own[Int(value)], feature, row: row, at: .init())
        }
        values.append(codes[Int(value)])
      }
    }
    let latencies = devices.indices.map { device in (0..<rows).map { latency($0, on: device) ?? .nan } }
    return LatencyTable(
      unit: unit, features: scheme.features, values: values, devices: devices, latencies: latencies)
  }
}
