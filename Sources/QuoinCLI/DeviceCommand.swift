import ArgumentParser
import Devices
import Diagnostics
import Foundation
import Networks

/// `quoin device`: what can be searched for.
struct DeviceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device", abstract: "List the devices that a search can be for.",
    subcommands: [List.self, Show.self, Collect.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the names of the devices.", discussion: "EXAMPLE\n  quoin device list")

    @Flag(help: "Print one JSON document.") var json = false

    func run() throws {
      if json { return try Console.print(json: DeviceCatalog.names) }
      for name in DeviceCatalog.names { Console.print(name) }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print what a device's latencies depend on.", discussion: "EXAMPLE\n  quoin device show cpu-1t --json")

    @Argument(help: "The device's name.") var name: String
    @Flag(help: "Print one JSON document.") var json = false

    func run() throws {
      let fingerprint = try DeviceCatalog.device(named: name).fingerprint
      if json { return try Console.print(json: fingerprint) }
      Console.print("cpu        \(fingerprint.cpu)")
      Console.print("kernels    \(fingerprint.isa), \(fingerprint.precision)")
      Console.print("threads    \(fingerprint.threads)")
      Console.print("runtime    \(fingerprint.runtime)")
      for (library, version) in fingerprint.libraries.sorted(by: { $0.key < $1.key }) {
        Console.print("\(library.padding(toLength: 9, withPad: " ", startingAt: 0))  \(version)")
      }
    }
  }
}

/// `quoin doctor`: whether this machine is fit to measure.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor", abstract: "Examine this machine: what it reaches, how steady it is, what is missing.",
    discussion: "EXAMPLE\n  quoin doctor --json")

  @Flag(help: "Print one JSON document.") var json = false

  func run() throws {
    let report = try DoctorReport.examine()
    if json { return Console.print(String(decoding: try report.json(), as: UTF8.self)) }
    Console.print(report.description)
  }
}
