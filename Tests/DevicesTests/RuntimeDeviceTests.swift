import Devices
import Diagnostics
import Foundation
import Networks
import TestSupport
import Testing

/// Other runtimes, played by shell scripts in the place of Python.
@Suite struct RuntimeDeviceTests {
  private static let version = #"read q; echo '{"version": "9.9"}'; "#

  @Test("A runtime states its version, loads the network and is timed by the protocol")
  func measures() throws {
    let device = try device(
      Self.version
        + #"read q; echo '{"loaded": true}'; while read q; do echo '{"milliseconds": [2.0]}'; done"#)
    #expect(device.name == "onnxruntime-1t")
    #expect(device.fingerprint.runtime == "onnxruntime-9.9")
    let (network, weights) = try sample()
    #expect(try device.measure(network, weights: weights).median == 2)
  }

  @Test("What the operators take and the runtime between them adds up to the latency, whatever it calls them")
  func operators() throws {
    let device = try device(
      Self.version
        + #"""
        read q; echo '{"loaded": true}'
        while read q; do case "$q" in
          *profile*) echo '{"operators": [
              {"name": "ReorderInput", "milliseconds": 0.5}, {"name": "convolution_nchwc", "milliseconds": 3.0},
              {"name": "ReorderOutput", "milliseconds": 0.5}]}' | tr -d '\n'; echo;;
          *) echo '{"milliseconds": [2.0]}';;
        esac; done
        """#)
    let (network, weights) = try sample()
    #expect(
      try device.measure(network, weights: weights).operators
        == ["runtime": 0.25, "convolution": 1.5, "runtime/convolution": 0.25])
  }

  @Test("What a clock adds to every operator is taken off, and found out once")
  func clock() throws {
    let loads = try temporaryFolder().appendingPathComponent("loads").path
    // A link of a chain takes 1 microsecond, and 3 with a clock; the network's only operator 0.1 ms, and what follows
    // it 0.002.
    let device = try device(
      Self.version
        + #"""
        while read q; do case "$q" in
          *load*)
            path=$(echo "$q" | tr -d '\\' | sed 's/.*"load":"\([^"]*\)".*/\1/')
            links=$(grep -ao 'link[0-9]*' "$path" | sort -u | wc -l); echo $links >> LOADS
            echo '{"loaded": true}';;
          *profile*)
            if [ $links = 0 ]; then
              echo '{"operators": [{"name": "convolution", "milliseconds": 0.102}, {"name": "Reorder", "milliseconds": 0.004}]}'
            else
              printf '{"operators": ['; for i in $(seq 2 $links); do printf '{"name": "l", "milliseconds": 0.003}, '; done
              echo '{"name": "l", "milliseconds": 0.003}]}'
            fi;;
          *) if [ $links = 0 ]; then echo '{"milliseconds": [0.102]}'
            else echo "{\"milliseconds\": [$(printf '0.%03d' $((10 + links)))]}"; fi;;
        esac; done
        """#.replacingOccurrences(of: "LOADS", with: loads))
    let (network, weights) = try sample()
    for _ in 0..<2 {
      let operators = try #require(try device.measure(network, weights: weights).operators)
      #expect(abs((operators["convolution"] ?? 0) - 0.1) < 1e-9)
      #expect(abs((operators["runtime/convolution"] ?? 0) - 0.002) < 1e-9)
    }
    // The chains were loaded after the first network, and not again after the second.
    let counts = try String(contentsOfFile: loads, encoding: .utf8).split(whereSeparator: \.isWhitespace)
    #expect(counts.first == "0" && counts.last == "0" && counts.count { $0 == "0" } == 2)
    #expect(Set(counts.dropFirst().dropLast()) == ["2", "50"])
  }

  @Test(
    "What a runtime does wrong is an error that says so",
    arguments: [
      ("exit 3", "its process ended"), ("echo 'hello'; read q", "no answer"),
      (#"echo '{"error": "no such operator"}'; read q"#, "cannot run the network"),
      (#"echo '{"loaded": true}'; read q; echo '{"milliseconds": []}'; read q"#, "no timings"),
      (#"echo '{"loaded": true}'; read q; echo '{"milliseconds": [1e999]}'; read q"#, "no answer"),
      (#"echo '{"loaded": true}'; read q; echo '{"milliseconds": [-1]}'; read q"#, "no timings"),
      ("yes x | tr -d '\\n'", "does not end"),
    ])
  func misbehaves(script: String, problem: String) throws {
    let device = try device(Self.version + "read q; " + script)
    let (network, weights) = try sample()
    let error = try #require(throws: Diagnostic.self) { try device.measure(network, weights: weights) }
    #expect("\(error)".contains(problem))
  }

  @Test("A missing package and a missing program are errors that say how to install them")
  func missing() throws {
    for script in [#"read q; echo '{"missing": "onnxruntime", "python": "/usr/bin/python3"}'"#, "exit 127"] {
      let error = try #require(throws: Diagnostic.self) { try device(script) }
      #expect("\(error)".contains("pip install numpy onnxruntime"))
    }
    let error = try #require(throws: Diagnostic.self) {
      try RuntimeDevice(.openvino, threads: 1, python: "/nowhere/python")
    }
    #expect("\(error)".contains("OpenVINO is not installed"))
  }

  @Test("A runtime that died is started again for the next network")
  func restarts() throws {
    let counter = try temporaryFolder().appendingPathComponent("starts").path
    let device = try device(
      """
      if [ ! -e \(counter) ]; then touch \(counter); \(Self.version) read q; exit 1; fi
      read q; echo '{"loaded": true}'; while read q; do echo '{"milliseconds": [3.0]}'; done
      """)
    let (network, weights) = try sample()
    #expect(throws: Diagnostic.self) { try device.measure(network, weights: weights) }
    #expect(try device.measure(network, weights: weights).median == 3)
  }

  private func device(_ script: String) throws -> RuntimeDevice {
    let path = try temporaryFolder().appendingPathComponent("python").path
    try Data("#!/bin/sh\n\(script)\n".utf8).write(to: URL(fileURLWithPath: path))
    try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    return try RuntimeDevice(
      .onnxruntime, threads: 1, python: path,
      rules: MeasurementProtocol(warmUpRuns: 1, minimumRuns: 6, timeLimit: 20, patience: 20))
  }

  private func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("quoin-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }

  private func sample() throws -> (network: Network, weights: Weights) {
    var builder = NetworkBuilder(name: "sample")
    let image = try builder.input("image", [1, 3, 8, 8])
    let convolution = try builder.convolution("convolution", image, .square(channels: 4, kernel: 3))
    let network = builder.network(outputs: [("features", convolution)])
    return (network, network.timingWeights(seed: 1))
  }
}
