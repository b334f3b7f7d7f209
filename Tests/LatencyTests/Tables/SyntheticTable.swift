import Foundation
import Latency
import Tensors

/// Devices whose latencies are sums over eight layers of four operators: all share a table of costs, and each has its
/// own factors per operator, per layer, and noise.
func syntheticTable(rows: Int = 500, devices: Int = 7, noise: Double = 0.01) -> LatencyTable {
  let (layers, operators) = (8, 4)
  var random = RandomSource(seed: 4, purpose: "table")
  let values = (0..<rows * layers).map { _ in Double(random.below(operators)) }
  let base = (0..<layers * operators).map { _ in 0.2 + random.uniform() }
  let latencies = (0..<devices).map { _ in
    let byOperator = (0..<operators).map { _ in exp(0.3 * random.normal()) }
    let byLayer = (0..<layers).map { _ in exp(0.1 * random.normal()) }
    let speed = exp(random.normal())
    return (0..<rows).map { row in
      let sum = (0..<layers).reduce(0.5) { sum, layer in
        let choice = Int(values[row * layers + layer])
        return sum + base[layer * operators + choice] * byOperator[choice] * byLayer[layer]
      }
      return speed * sum * (1 + noise * random.normal())
    }
  }
  return LatencyTable(
    features: (0..<layers).map { .init(name: "op\($0)", kind: .categorical(["a", "b", "c", "d"])) }, values: values,
    devices: (0..<devices).map { "device\($0)" }, latencies: latencies)
}

/// A table with every kind of feature: cells with edges, stages with depths and kernels, and a resolution.
func mixedTable(rows: Int = 120) -> LatencyTable {
  let operators = ["conv", "none", "pool"]
  let edges = [(0, 1), (0, 2), (1, 2)]
  let features: [LatencyTable.Feature] =
    edges.map { .init(name: "edge_\($0)_\($1)", kind: .categorical(operators)) }
    + ["d0", "d1", "ks0", "ks1", "ks2", "ks3", "r"].map { .init(name: $0, kind: .ordinal) }
  var random = RandomSource(seed: 9, purpose: "mixed")
  var (values, latencies) = ([Double](), [[Double]](repeating: [], count: 3))
  for _ in 0..<rows {
    let cell = (0..<3).map { _ in random.below(3) }
    let depths = (0..<2).map { _ in 1 + random.below(2) }
    let kernels = (0..<4).map { _ in 3 + 2 * random.below(2) }
    let resolution = 32 + 4 * random.below(25)
    values += (cell + depths + kernels + [resolution]).map { Double($0) }
    let operatorCosts = [1.0, 0, 0.2]
    let cellCost = cell.reduce(0.0) { sum, choice in sum + operatorCosts[choice] }
    let present = (0..<4).filter { layer in layer % 2 < depths[layer / 2] }
    let layerCost = present.reduce(0.0) { sum, layer in sum + Double(kernels[layer]) / 5 }
    for device in latencies.indices {
      let work = cellCost * Double(1 + device) + layerCost
      let latency = 0.5 + work * pow(Double(resolution) / 64, 2)
      latencies[device].append(latency * (1 + 0.01 * random.normal()))
    }
  }
  return LatencyTable(features: features, values: values, devices: ["a", "b", "c"], latencies: latencies)
}

extension LatencyTable {
  /// The same with latencies of a device in some rows alone.
  func keeping(_ rows: Set<Int>, of device: String) -> LatencyTable {
    LatencyTable(
      unit: unit, features: features, values: (0..<self.rows).flatMap { architecture($0) }, devices: devices,
      latencies: devices.indices.map { position in
        (0..<self.rows).map { row in
          devices[position] == device && !rows.contains(row) ? .nan : latency(row, on: position) ?? .nan
        }
      })
  }

  /// The table as comma-separated values, with the devices' columns that are named.
  func csv(devices names: [String] = []) -> String {
    var lines = [(features.map(\.name) + names).joined(separator: ",")]
    for row in 0..<rows {
      let cells = zip(features, architecture(row)).map { feature, value in
        if case .categorical(let categories) = feature.kind { categories[Int(value)] } else { "\(value)" }
      }
      let latencies = names.map { name in
        latency(row, on: devices.firstIndex(of: name) ?? 0).map { "\($0)" } ?? ""
      }
      lines.append((cells + latencies).joined(separator: ","))
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
