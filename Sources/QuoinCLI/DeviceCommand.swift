import ArgumentParser
import Devices
import Diagnostics
import Foundation
import Networks
import Quoin

/// `quoin device`: what can be measured and searched for.
struct DeviceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "device", abstract: "The devices that can be measured and searched for.",
    subcommands: [List.self, Show.self, Add.self, Collect.self])

  struct List: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print the names of the devices.",
      discussion: """
        What this machine is comes first: the inference core by threads, precision and level of kernels, other runtimes
        (they need their Python packages), and a formula. Then the devices of the user's device files.

        EXAMPLE
          quoin device list
        """)

    @Flag(help: "Print one JSON document.") var json = false

    func run() throws {
      let entries = DeviceShelf().entries
      if json { return try Console.print(json: entries.map(\.name)) }
      for entry in entries { Console.print(entry.name + (entry.file.map { "   \($0)" } ?? "")) }
    }
  }

  struct Show: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Print what a device's latencies depend on.",
      discussion: "EXAMPLES\n  quoin device show cpu-1t --json\n  quoin device show http://lab-3:7431/cpu-1t")

    @Argument(help: "The device's name, its file, or the address of one of another machine.") var name: String
    @Flag(help: "Print one JSON document.") var json = false

    func run() throws {
      let fingerprint = try DeviceShelf().device(named: name).fingerprint
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

  struct Add: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Check a device file and keep it, so that the device can be chosen by its name.",
      discussion: """
        A device file is a small YAML document; docs/DEVICES.md lists its keys:

          version: 1
          name: desktop-openvino
          kind: openvino
          threads: 4

        The file is copied to $QUOIN_DEVICES, or else to ~/.config/quoin/devices.

        EXAMPLE
          quoin device add desktop-openvino.yaml
        """)

    @Argument(help: "The device file.") var file: String
    @Flag(help: "Keep the file without reaching the device.") var untested = false

    func run() throws {
      let file = try DeviceFile.load(file)
      if !untested { Console.print("reached: \(try file.device().fingerprint.runtime)") }
      Console.print("\(file.name) is kept in \(try DeviceShelf().add(self.file))")
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
