import Devices
import Diagnostics
import Foundation

/// The devices that a user can choose by name: those that this machine is, and those of the user's device files.
///
/// Device files stand in `$QUOIN_DEVICES`, or else in `quoin/devices` of the user's configuration folder
/// (`$XDG_CONFIG_HOME` or `~/.config`); each is named after its device. A path that ends in `.yaml` is a device file, too.
public struct DeviceShelf: Sendable {
  /// Where the user's device files stand.
  public let folder: String

  /// The shelf of a folder; by default the user's.
  public init(folder: String? = nil) { self.folder = folder ?? Self.userFolder }

  private static var userFolder: String {
    let environment = ProcessInfo.processInfo.environment
    if let folder = environment["QUOIN_DEVICES"], !folder.isEmpty { return folder }
    let home = environment["XDG_CONFIG_HOME"].flatMap { $0.isEmpty ? nil : $0 } ?? NSHomeDirectory() + "/.config"
    return home + "/quoin/devices"
  }

  /// A device that can be chosen.
  public struct Entry: Hashable, Sendable, Codable {
    /// The name.
    public var name: String
    /// Its file; `nil` for what this machine is.
    public var file: String?
  }

  /// All devices: this machine's, then the user's by name.
  public var entries: [Entry] {
    let files = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return DeviceCatalog.names.map { Entry(name: $0) }
      + files.filter { $0.hasSuffix(Self.suffix) }.sorted().map {
        Entry(name: String($0.dropLast(Self.suffix.count)), file: folder + "/" + $0)
      }
  }

  /// The device of a name, or of a device file's path.
  ///
  /// - Throws: ``Diagnostic`` that lists the legal names and the nearest one, or says what is wrong with the file.
  public func device(named name: String, rules: MeasurementProtocol = MeasurementProtocol()) throws -> any Device {
    if name.hasSuffix(Self.suffix) { return try DeviceFile.load(name).device(rules: rules) }
    if let file = entries.first(where: { $0.name == name })?.file {
      return try DeviceFile.load(file).device(rules: rules)
    }
    do { return try DeviceCatalog.device(named: name, rules: rules) } catch let error as Diagnostic
      where error.problem == DeviceCatalog.unknown
    {
      throw DeviceCatalog.unknown(name, among: entries.map(\.name))
    }
  }

  /// Keeps a device file under its device's name, so that the device can be chosen by it.
  ///
  /// - Returns: where it stands now.
  /// - Throws: ``Diagnostic`` where the file is no device file, its name is taken, or it cannot be written.
  @discardableResult public func add(_ file: String) throws -> String {
    let device = try DeviceFile.load(file)
    if let taken = entries.first(where: { $0.name == device.name }) {
      throw Diagnostic(
        .usage, "the name is taken", at: .init(file: taken.file ?? file, path: "name"), value: device.name,
        rule: "a device's name is its own", remedy: "give the device another name, or remove the other file")
    }
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    } catch {
      throw Diagnostic(
        .failure, "the folder of device files cannot be made", at: .init(file: folder),
        remedy: "check its permissions, or set QUOIN_DEVICES to another folder")
    }
    let path = folder + "/" + device.name + Self.suffix
    try writeAtomically(device.text(of: file), to: path)
    return path
  }

  private static let suffix = ".yaml"
}
