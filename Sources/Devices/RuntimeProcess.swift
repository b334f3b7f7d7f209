import Diagnostics
import Foundation
import Synchronization

/// A process of a ``RuntimeWorker``, started when it is first asked, and again after it died.
final class RuntimeProcess: Sendable {
  /// What a worker answers.
  struct Answer: Decodable {
    var version: String?
    var loaded: Bool?
    var milliseconds: [Double]?
    /// What the runtime's operators take, in the order in which they run.
    var operators: [OperatorAttribution.Timing]?
    var missing: String?
    var python: String?
    var error: String?
    /// Whether the error is none of the network's.
    var passing: Bool?
  }

  /// What a worker is asked.
  struct Question: Encodable {
    var load: String?
    var shapes: [String: [Int]]?
    var milliseconds: Double?
    var atMost: Int?
    /// Where a network of one thread shall run from now on.
    var processor: Int?
    /// How often to run with a clock at every operator.
    var profile: Int?

    enum CodingKeys: String, CodingKey {
      case load, shapes, milliseconds, processor, profile
      case atMost = "at_most"
    }
  }

  private let runtime: RuntimeDevice.Runtime
  private let threads: Int
  private let python: String
  private let pipes = Mutex<WorkerPipes?>(nil)
  private let knownClock = Mutex<RuntimeClock?>(nil)

  init(_ runtime: RuntimeDevice.Runtime, threads: Int, python: String) {
    (self.runtime, self.threads, self.python) = (runtime, threads, python)
  }

  /// Asks, and waits for the answer.
  ///
  /// - Throws: ``Diagnostic`` where Python or the runtime's package is missing, or the worker dies, is silent for `patience`
  ///   seconds, answers nonsense, or reports an error.
  func ask(_ question: Question, patience: Double) throws -> Answer {
    let line = try JSONEncoder().encode(question)
    let text = try pipes.withLock { pipes in
      do {
        if pipes == nil {
          pipes = try WorkerPipes([python, "-u", "-c", RuntimeWorker.program, runtime.rawValue, "\(threads)"])
        }
        return try pipes?.ask(line, patience: patience) ?? Data()
      } catch let failure as WorkerPipes.Failure {
        pipes = nil
        throw diagnostic(failure)
      }
    }
    guard let answer = try? JSONDecoder().decode(Answer.self, from: text) else {
      pipes.withLock { $0 = nil }
      throw failure("it answers what is no answer", String(decoding: text.prefix(80), as: UTF8.self))
    }
    if let package = answer.missing { throw missing("\(answer.python ?? python) has no package '\(package)'") }
    if let error = answer.error {
      throw failure("it cannot run the network", error, answer.passing == true ? .failure : .unsupported)
    }
    return answer
  }

  /// What a clock at every operator costs, read once.
  func clock(_ read: () throws -> RuntimeClock) rethrows -> RuntimeClock {
    try knownClock.withLock { known in
      let clock = try known ?? read()
      known = clock
      return clock
    }
  }

  private func diagnostic(_ failure: WorkerPipes.Failure) -> Diagnostic {
    switch failure {
    // The word of `env` for a command that does not exist.
    case .ended(status: 127): missing("there is no program '\(python)'")
    case .ended(let status): self.failure("its process ended", "status \(status)")
    case .silent: self.failure("it did not answer in time", nil)
    case .endless: self.failure("its answer does not end", nil)
    case .notStarted: missing("\(python) cannot be started")
    }
  }

  private func failure(
    _ problem: String, _ value: String?, _ category: Diagnostic.Category = .failure
  ) -> Diagnostic {
    Diagnostic(
      category, "\(runtime.title) failed: \(problem)", at: .init(path: runtime.rawValue), value: value,
      remedy: "see whether \(runtime.title) runs the exported file by itself")
  }

  private func missing(_ problem: String) -> Diagnostic {
    Diagnostic(
      .failure, "\(runtime.title) is not installed: \(problem)", at: .init(path: runtime.rawValue),
      rule: "this device needs Python 3 with the packages numpy and \(runtime.rawValue)",
      remedy: "python3 -m venv runtimes && runtimes/bin/pip install numpy \(runtime.rawValue), "
        + "then set QUOIN_PYTHON=runtimes/bin/python")
  }
}
