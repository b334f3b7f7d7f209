import Devices
import Diagnostics
import Foundation
import Interchange
import Latency
import Networks
import Quoin
import Store
import Synchronization
import Testing

@Suite struct SampleCollectingTests {
  @Test("Every network of the plan is measured once, and what is there is not measured again")
  func resumes() throws {
    let folder = try temporaryFolder().path
    let device = CountingDevice()
    var plan = SampleCollecting.Plan()
    (plan.probes, plan.spaces, plan.architectures) = (4, ["searchspaces/demo-glyphs.yaml"], 3)
    let store = try SampleStore(folder: folder)
    let outcome = try #require(try SampleCollecting(devices: [device], plan: plan, store: store).run().first)
    #expect((outcome.networks, outcome.missing, outcome.disturbed) == (7, 0, 0))
    #expect(device.count == 7)
    _ = try SampleCollecting(devices: [device], plan: plan, store: SampleStore(folder: folder)).run()
    #expect(device.count == 7)
    plan.repeats = 2
    _ = try SampleCollecting(devices: [device], plan: plan, store: store).run()
    #expect(device.count == 14)
    #expect(try store.samples(on: device.name).values.allSatisfy { $0.count == 2 })
  }

  @Test("What was disturbed is measured again, so often and not more")
  func disturbed() throws {
    let device = CountingDevice(isDisturbed: true)
    var plan = SampleCollecting.Plan()
    (plan.probes, plan.extraRepeats) = (3, 2)
    let store = try SampleStore(folder: temporaryFolder().path)
    let outcome = try #require(try SampleCollecting(devices: [device], plan: plan, store: store).run().first)
    #expect((outcome.networks, outcome.disturbed) == (3, 3))
    #expect(device.count == 9)
  }

  @Test("An interruption loses nothing that was measured")
  func interrupted() throws {
    let folder = try temporaryFolder().path
    let device = CountingDevice()
    var plan = SampleCollecting.Plan()
    plan.probes = 5
    let monitor = WorkMonitor(isInterrupted: { device.count >= 2 })
    let error = try #require(throws: Diagnostic.self) {
      try SampleCollecting(devices: [device], plan: plan, store: SampleStore(folder: folder), monitor: monitor).run()
    }
    #expect(error.category == .interrupted)
    #expect(try SampleStore(folder: folder).samples(on: device.name).count == 2)
    _ = try SampleCollecting(devices: [device], plan: plan, store: SampleStore(folder: folder)).run()
    #expect(device.count == 5)
  }

  @Test("A folder with samples of another version's probes is refused before anything is measured")
  func otherProbes() throws {
    let folder = try temporaryFolder().path
    let old = #"{"probe":{"number":0,"seed":0,"version":2}}"#
    _ = try SampleStore(folder: folder)
    try SQLiteStorage(path: folder + "/" + SampleStore.fileName).record(fact: old, kind: "network", key: "probe-0-0")
    let device = CountingDevice()
    var plan = SampleCollecting.Plan()
    plan.probes = 1
    let error = try #require(throws: Diagnostic.self) {
      try SampleCollecting(devices: [device], plan: plan, store: SampleStore(folder: folder)).run()
    }
    #expect(error.description.contains("probes 2") && device.count == 0)
  }

  @Test("A file that is named twice is measured once, and found again where it stands now")
  func movedFile() throws {
    let folder = try temporaryFolder()
    let (old, new) = (folder.appendingPathComponent("a.onnx"), folder.appendingPathComponent("b.onnx"))
    let network = try ProbeNetwork.network(0, seed: 1)
    try ONNX.export(network, weights: network.timingWeights(seed: 0)).write(to: old)
    let store = try SampleStore(folder: folder.path)
    var plan = SampleCollecting.Plan()
    plan.models = [old.path, old.path]
    let device = CountingDevice()
    _ = try SampleCollecting(devices: [device], plan: plan, store: store).run()
    #expect(device.count == 1)
    try FileManager.default.moveItem(at: old, to: new)
    let error = try #require(throws: Diagnostic.self) { try store.measuredNetworks(on: device.name) }
    #expect(error.remedy?.contains("--model") == true)
    plan.models = [new.path]
    _ = try SampleCollecting(devices: [device], plan: plan, store: store).run()
    #expect(device.count == 1)
    #expect(try store.measuredNetworks(on: device.name).count == 1)
  }

  @Test("A network is made again from its recipe")
  func recipes() throws {
    let folder = try temporaryFolder().path
    var plan = SampleCollecting.Plan()
    (plan.probes, plan.spaces, plan.architectures) = (2, ["searchspaces/demo-glyphs.yaml"], 2)
    let store = try SampleStore(folder: folder)
    _ = try SampleCollecting(devices: [FormulaDevice()], plan: plan, store: store).run()
    let samples = try store.samples(on: "formula")
    for (key, recipe) in try store.networkRecipes() {
      #expect(recipe.key == key)
      #expect(try FormulaDevice().milliseconds(of: store.network(recipe)) == samples[key]?.agreedMilliseconds)
    }
  }

  @Test("Samples of another machine under the same name are refused")
  func otherDevice() throws {
    let store = try SampleStore(folder: temporaryFolder().path)
    var plan = SampleCollecting.Plan()
    plan.probes = 1
    _ = try SampleCollecting(devices: [FormulaDevice()], plan: plan, store: store).run()
    let error = try #require(throws: Diagnostic.self) {
      try SampleCollecting(devices: [FormulaDevice(peakGigaflops: 7)], plan: plan, store: store).run()
    }
    #expect("\(error)".contains("peak_gigaflops"))
  }

  @Test("Where a device is lost, the others are measured all the same, in every pass, and it is asked no more")
  func lost() throws {
    let (steady, lost) = (FormulaDevice(), CountingDevice(isDisturbed: true, lostAfter: 2))
    var plan = SampleCollecting.Plan()
    (plan.probes, plan.repeats) = (5, 2)
    let store = try SampleStore(folder: temporaryFolder().path)
    let outcomes = try SampleCollecting(devices: [lost, steady], plan: plan, store: store).run()
    #expect(outcomes.map(\.networks) == [2, 5] && outcomes.map(\.missing) == [3, 0])
    #expect(try store.samples(on: "formula").values.allSatisfy { $0.count == 2 })
    #expect(lost.count == 3)
  }

  private func temporaryFolder() throws -> URL {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("quoin-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder
  }
}

/// A device that counts what it is asked.
private final class CountingDevice: Device {
  let name = "counting"
  let fingerprint = DeviceFingerprint(cpu: "none", isa: "none", threads: 1, precision: "fp32", runtime: "test")
  private let isDisturbed: Bool
  private let limit: Int
  private let calls = Mutex(0)

  init(isDisturbed: Bool = false, lostAfter limit: Int = .max) { (self.isDisturbed, self.limit) = (isDisturbed, limit) }

  var count: Int { calls.withLock { $0 } }

  func measure(_ network: Network, weights: Weights) throws -> LatencySummary {
    calls.withLock { $0 += 1 }
    guard count <= limit else { throw Diagnostic(.unreachable, "the device does not answer") }
    return LatencySummary(milliseconds: [1], disturbed: isDisturbed)
  }
}
