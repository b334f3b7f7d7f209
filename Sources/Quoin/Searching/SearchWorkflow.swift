import Compute
import Datasets
import Devices
import Diagnostics
import Foundation
import Latency
import Networks
import Report
import Search
import SearchSpaces
import Store
import Supernets

/// The whole road of an experiment: from its files to a delivered winner for every budget.
///
///     let workflow = SearchWorkflow(experiment, folder: "runs/cifar10")
///     switch try workflow.run(monitor: monitor) {
///     case .delivered(let results): …
///     case .infeasible(let budget): print(budget.attainable)
///     }
///
/// The device is profiled and budgets are checked first, then the supernet is trained, unless its file is there, and
/// then every budget is searched. Everything that takes long is recorded in `study.sqlite` or in the supernet's file, so a
/// workflow that was killed goes on where it was.
public struct SearchWorkflow {
  /// What the caller may ask for beside the experiment.
  public struct Options: Sendable {
    /// Budgets in milliseconds that replace the experiment's.
    public var budgets: [Double] = []
    /// Whether an interrupted search or training in the folder is taken up.
    public var resumes = false
    /// A study whose latencies are used in place of measuring.
    public var replayedStudy: String?
    /// The supernet's file; by default `supernet.safetensors` in the folder.
    public var supernetPath: String?

    /// Nothing special.
    public init() {}
  }

  private let experiment: Experiment
  private let folder: URL
  private let options: Options
  private let monitor: WorkMonitor

  /// - Parameter folder: Where everything is written; created where it is missing.
  public init(
    _ experiment: Experiment, folder: String, options: Options = Options(), monitor: WorkMonitor = WorkMonitor()
  ) {
    (self.experiment, self.folder) = (experiment, URL(fileURLWithPath: folder))
    (self.options, self.monitor) = (options, monitor)
  }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  /// Runs to the end.
  ///
  /// - Throws: `Diagnostic` where a file is unusable or holds other work, of category `interrupted` where the user
  ///   stopped it, and of `infeasible` where the space's limits leave nothing.
  public func run() throws -> SearchOutcome {
    // Everything that may be refused is looked at before anything is written.
    let space = try SearchSpace.load(experiment.space)
    let images = try ExperimentImages(experiment, for: space)
    let test = try images.test()
    let device = try DeviceShelf().device(named: experiment.device)
    try checkSupernet()
    let lock = try FolderLock(folder.path)
    defer { lock.release() }
    let storage = try openStorage(space: try experiment.spaceHash())
    var clock = PhaseClock(storage)
    let profile = try clock.time("profiling the device") { try profileDevice(device, space, storage) }
    switch try BudgetResolution(experiment: experiment, space: space, profile: profile).run(explicit: options.budgets) {
    case .infeasible(let budget): return .infeasible(budget)
    case .budgets(let budgets, let fastest):
      let (bench, log) = try makeBench(space, images, profile, storage, &clock)
      let scope = budgets.map(budgetText).joined(separator: ", ")
      let found = try clock.time("searching", of: scope) {
        try budgets.map { try BudgetComparison(budget: $0, fastest: fastest, bench: bench).run() }
      }
      let delivery = Delivery(bench: bench, test: test)
      let tested = try clock.time("testing", of: scope) { try found.compactMap { try TestedBudget($0, delivery) } }
      let results = try deliver(tested, delivery, seconds: clock.seconds)
      try report(SearchPage(bench: bench, profile: profile, log: log, tested: tested, phases: clock.phases))
      // What was found under other budgets is delivered all the same.
      return found.first { $0.main.winner == nil }.map { .infeasible($0.shortfall(bench)) } ?? .delivered(results)
    }
  }

  private func report(_ page: SearchPage) throws {
    guard !page.tested.isEmpty else { return }
    try writeAtomically(Data(page.report().html().utf8), to: path("report.html"))
  }

  private func checkSupernet() throws {
    guard let path = options.supernetPath, FileManager.default.fileExists(atPath: path) else { return }
    _ = try SupernetFile(path: path)
  }

  private func profileDevice(
    _ device: any Device, _ space: SearchSpace, _ storage: any StudyStorage
  ) throws -> DeviceProfile {
    let memory = LatencyMemory(
      device: device, storage: storage, space: try experiment.spaceHash(), isReplay: options.replayedStudy != nil)
    let profile = try DeviceProfiling(
      space: space, settings: experiment.profiling, seed: experiment.seed, memory: memory, monitor: monitor
    ).run()
    try profile.predictor.save(to: path("predictor"))
    return profile
  }

  /// Trains the supernet, or takes it from its file, and gathers what searches share.
  private func makeBench(
    _ space: SearchSpace, _ images: ExperimentImages, _ profile: DeviceProfile, _ storage: any StudyStorage,
    _ clock: inout PhaseClock
  ) throws -> (SearchBench, TrainingLog) {
    let pool = ThreadPool(threads: CPU.current.cores)
    let file = options.supernetPath ?? path("supernet.safetensors")
    let trained = try clock.time("training the supernet") {
      try SupernetWorkflow(experiment, path: file, pool: pool, monitor: monitor)
        .run(space, on: images.training, resumes: options.resumes)
    }
    clock.set("training the supernet", trained.log.seconds)
    let evaluator = try SupernetEvaluator(
      trained.supernet, recalibration: images.recalibration(experiment.search.recalibrationImages), pool: pool)
    let identity = try experiment.accuracyIdentity(
      training: experiment.trainingIdentity(images.training), validation: images.validation)
    let accuracy = AccuracyMemory(
      evaluator, validation: images.validation, settings: experiment.search,
      facts: FactMemory(storage, identity: identity))
    let bench = SearchBench(
      experiment, latency: profile.memory, accuracy: accuracy, classes: images.training.classes,
      predictor: profile.predictor, pool: pool, monitor: monitor)
    return (bench, trained.log)
  }

  /// Writes the files of every budget.
  private func deliver(
    _ tested: [TestedBudget], _ delivery: Delivery, seconds: [String: Double]
  ) throws -> [SearchResult] {
    try tested.map { tested in
      let result = try tested.result(delivery.bench, seconds: seconds)
      let folder = path("\(budgetText(tested.findings.budget))ms")
      try delivery.write(tested.winner.candidate, to: folder)
      try writeAtomically(prettyJSON(result), to: folder + "/result.json")
      return result
    }
  }

  private func openStorage(space: String) throws -> SQLiteStorage {
    let file = path("study.sqlite")
    if FileManager.default.fileExists(atPath: file), !options.resumes {
      throw Diagnostic(
        .usage, "a search is here already", at: .init(file: file),
        remedy: "add --resume to go on with it, or choose another folder with --out")
    }
    let replayed = try options.replayedStudy.map { try SQLiteStorage(path: $0, access: .readOnly) }
    let storage = try SQLiteStorage(path: file)
    if let replayed { try storage.adoptRecord(of: replayed, device: experiment.device, space: space) }
    return storage
  }
}

/// A budget as folders and studies are named after it.
func budgetText(_ budget: Double) -> String { String(format: "%g", budget) }

/// JSON for people, with sorted keys.
func prettyJSON(_ value: some Encodable) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes]
  return try encoder.encode(value) + Data("\n".utf8)
}
