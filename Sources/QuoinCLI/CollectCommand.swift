import ArgumentParser
import Devices
import Diagnostics
import Foundation
import Quoin

extension DeviceCommand {
  /// Measures networks on devices.
  struct Collect: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Measure networks on devices and keep the samples.",
      discussion: """
        Networks come from three sources: random ones of Quoin's own (probes), random architectures of search spaces, and
        ONNX files. The networks that teach a predictor most are measured first; every sample is stored at once in
        FOLDER/samples.sqlite, so that Ctrl-C or a crash loses nothing, and the same command goes on where it stopped. Where
        another machine's device is lost, the others go on; networks that a device cannot run are noted and passed over.

        EXAMPLES
          quoin device collect cpu-1t --probes 200 --out samples
          quoin device collect cpu-1t openvino-1t --space searchspaces/mbconv-cifar.yaml --architectures 100 --minutes 10
          quoin device collect cpu-2t --model resnet-50.onnx --repeats 3
          quoin device collect cpu-2t --probes 200 --patience 30    on a machine with busy neighbours
        """)

    @Argument(help: "The devices' names; see quoin device list.") var devices: [String]
    @Option(help: "How many random networks of Quoin's own.") var probes = 0
    @Option(name: .customLong("space"), help: "A space file; repeatable.") var spaces: [String] = []
    @Option(help: "How many random architectures of every space.") var architectures = 50
    @Option(name: .customLong("model"), help: "An ONNX file; repeatable.") var models: [String] = []
    @Option(help: "Measurements of every network on every device, spread over the time.") var repeats = 1
    @Option(
      help: "Minutes of measuring per device, earlier ones in the folder among them, after which no network is begun.")
    var minutes: Double?
    @Option(
      help: ArgumentHelp(
        "Seconds that a measurement waits for a calm machine before disturbed runs have to do; by default "
          + "\(Int(MeasurementProtocol().patience / 1e3))."))
    var patience: Double?
    @Flag(help: "Measure in random order, rather than first what teaches a predictor most.") var randomOrder = false
    @Option(help: "The seed of the draws and of the order.") var seed: UInt64 = 0
    @Option(help: "The folder of the samples.") var out = "samples"
    @Flag(help: "Print one JSON document.") var json = false

    func validate() throws {
      guard !devices.isEmpty else { throw ValidationError("name at least one device") }
      guard (0...100_000).contains(probes), (1...100_000).contains(architectures), (1...1000).contains(repeats) else {
        throw ValidationError("--probes, --architectures and --repeats are numbers of networks and measurements")
      }
      if let patience, !(0...3600).contains(patience) {
        throw ValidationError("--patience is from 0 to 3600 seconds, not \(patience)")
      }
      if let twice = devices.enumerated().first(where: { devices[..<$0].contains($1) }) {
        throw ValidationError("\(twice.element) is named twice")
      }
      if let minutes, !(minutes > 0) { throw ValidationError("--minutes is positive, not \(minutes)") }
    }

    func run() throws {
      var plan = SampleCollecting.Plan()
      (plan.probes, plan.spaces, plan.architectures, plan.models) = (probes, spaces, architectures, models)
      (plan.repeats, plan.seed) = (repeats, seed)
      plan.choosesNetworks = !randomOrder
      if let minutes { plan.secondsPerDevice = 60 * minutes }
      let collecting = SampleCollecting(
        devices: try chosenDevices(), plan: plan, store: try SampleStore(folder: out), monitor: Console.monitor())
      let outcomes = try collecting.run()
      if json { return try Console.print(json: outcomes) }
      for outcome in outcomes {
        Console.print(
          "\(outcome.device): \(outcome.networks) networks measured in \(String(format: "%.0f s", outcome.seconds)), "
            + "\(outcome.disturbed) disturbed"
            + (outcome.refused > 0 ? ", \(outcome.refused) that it cannot run" : "")
            + (outcome.missing > 0 ? ", \(outcome.missing) not measured" : ""))
      }
    }

    private func chosenDevices() throws -> [any Device] {
      let rules = patience.map { MeasurementProtocol(patience: 1e3 * $0) } ?? MeasurementProtocol()
      return try devices.map { name in
        let device = try DeviceShelf().device(named: name, rules: rules)
        if patience != nil, !device.takesRules {
          Console.note("warning: --patience says nothing to \(name), which measures in a way of its own")
        }
        return device
      }
    }
  }
}
