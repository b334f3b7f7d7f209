import Compute
import Devices
import Diagnostics
import Foundation
import Networks
import Testing

@Suite struct DeviceCatalogTests {
  @Test("Every name of the catalog gives the device of that name, where its packages are installed")
  func names() throws {
    #expect(DeviceCatalog.names.contains("cpu-1t-int8") && DeviceCatalog.names.contains("onnxruntime-1t"))
    for name in DeviceCatalog.names where name.hasPrefix("cpu") || name == "formula" {
      #expect(try DeviceCatalog.device(named: name).name == name)
    }
  }

  @Test(
    "A name that is no device is an error with the nearest one",
    arguments: [("formla", "formula"), ("cpu1t", "cpu-1t")])
  func misspelt(name: String, nearest: String) throws {
    let error = try #require(throws: Diagnostic.self) { try DeviceCatalog.device(named: name) }
    #expect(error.category == .usage)
    #expect(error.nearest == nearest)
    #expect(error.rule?.contains("cpu-1t") == true)
  }

  @Test(
    "More threads than cores, and none, are errors that name the legal devices", arguments: [-1, 0, 100_000])
  func threads(count: Int) throws {
    let error = try #require(throws: Diagnostic.self) { try InferenceCoreDevice(threads: count) }
    #expect(error.value == "cpu-\(count)t")
    #expect(error.rule?.contains("cpu-1t") == true)
  }

  @Test("Devices of the inference core differ in their fingerprint by threads and kernels")
  func fingerprints() throws {
    let one = try InferenceCoreDevice(threads: 1)
    #expect(one.fingerprint.threads == 1)
    #expect(one.fingerprint.cpu == CPU.current.name)
    #expect(one.fingerprint.libraries["BLAS"]?.contains("OpenBLAS") == true)
    #expect(try InferenceCoreDevice(threads: 1, isa: .portable).fingerprint != one.fingerprint)
  }

  @Test(
    "A network is timed on this machine with one and with all threads",
    arguments: Set([1, CPU.current.cores]))
  func timed(threads: Int) throws {
    let rules = MeasurementProtocol(warmUpRuns: 1, minimumRuns: 6, timeLimit: 50, blockMilliseconds: 1)
    let network = try tinyNetwork()
    let device = try InferenceCoreDevice(threads: threads, rules: rules)
    let latency = try device.measure(network, weights: network.timingWeights(seed: 1))
    #expect(latency.runs >= 6 && latency.minimum > 0)
    // Every operator of the fused network that does something has its part of the median.
    let operators = try #require(latency.operators)
    #expect(
      network.fused().nodes.filter { ![.input, .flatten].contains($0.op) }.allSatisfy { operators[$0.name] != nil })
    #expect(abs(operators.values.reduce(0, +) - latency.median) < 1e-9 * latency.median)
  }
}

@Suite struct PreparedNetworkTests {
  @Test("What is timed in bytes is quantised, once; in FP32 a network stays as it is")
  func prepared() throws {
    let network = try tinyNetwork()
    let weights = network.timingWeights(seed: 1)
    #expect(try network.prepared(for: .fp32, weights: weights, threads: 1).network == network)
    let bytes = try network.prepared(for: .int8, weights: weights, threads: 1)
    #expect(bytes.network.isQuantised)
    #expect(try bytes.network.prepared(for: .int8, weights: bytes.weights, threads: 1).network == bytes.network)
  }
}

@Suite struct DoctorReportTests {
  @Test("Noise is the spread of equal work around its median")
  func noise() {
    let noise = TimingNoise(milliseconds: [1, 1, 1, 1, 1.05, 1, 1, 1, 1.2, 2], disturbance: 0.1)
    #expect(noise.repetitions == 10 && noise.minimum == 1 && noise.median == 1)
    #expect(abs(noise.slowest - 1) < 1e-12 && noise.disturbed == 0.2)
  }

  @Test("The calibration loop takes time, and noise is measured over about the time asked for")
  func measured() {
    let noise = TimingNoise.measured(milliseconds: 20)
    #expect(noise.minimum > 0 && noise.repetitions >= 1 && noise.repetitions < 2_000)
  }

  @Test("A healthy machine misses nothing, and the text names the facts")
  func healthy() throws {
    let report = try report(noise: TimingNoise(milliseconds: [1, 1, 1.01]))
    #expect(report.missing.isEmpty)
    let text = report.description
    for fact in [
      CPU.current.name, "avx512", "250 GFLOP/s", "BLAS 240", "12.5 GB/s", "cpu-1t, formula", "16 GiB",
    ] {
      #expect(text.contains(fact), "\(fact) in \(text)")
    }
    let json = String(decoding: try report.json(), as: UTF8.self)
    #expect(
      json.contains("\"peak_gigaflops\"") && json.contains("\"l2_bytes\"") && json.contains("\"median_ms\""))
    #expect(text.split(separator: "\n").last?.hasSuffix("nothing") == true)
  }

  @Test("A busy machine, portable kernels and a missing library are told with what to do")
  func troubled() throws {
    let busy = try report(noise: TimingNoise(milliseconds: [1, 2, 2, 2]))
    #expect(busy.missing.count == 1 && busy.missing[0].contains("75.0 %"))
    let bare = try report(
      isa: .portable, blasProblem: "OpenBLAS cannot be loaded", noise: TimingNoise(milliseconds: [1]))
    #expect(bare.missing.count == 2)
    #expect(bare.description.contains("OpenBLAS cannot be loaded") && bare.description.contains("no AVX2"))
  }

  private func report(
    isa: ISA = .avx512, blasProblem: String? = nil, noise: TimingNoise
  ) throws -> DoctorReport {
    let rates = """
      {"threads": 1, "isa": "avx512", "peakGigaflops": 250.2, "peakByteGigaops": 1000, "readGigabytesPerSecond": 12.5,
       "triadGigabytesPerSecond": 20, "blasGigaflops": 240}
      """
    let probe = try JSONDecoder().decode(MachineProbe.self, from: Data(rates.utf8))
    return DoctorReport(
      cpu: .current, isa: isa, blas: "OpenBLAS", blasProblem: blasProblem, memoryBytes: 16 << 30,
      rates: [probe], noise: noise,
      devices: ["cpu-1t", "formula"])
  }
}
