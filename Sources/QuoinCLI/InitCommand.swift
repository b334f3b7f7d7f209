import ArgumentParser
import Datasets
import Diagnostics
import Foundation
import Quoin
import SearchSpaces

/// `quoin init`: files to start from.
struct InitCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "init", abstract: "Write a commented search space and experiment to start from.",
    discussion: """
      EXAMPLES
        quoin init                      a space and an experiment on built-in images, in this folder
        quoin init leaves --data folder --classes 5 --channels 3 --size 64
        quoin search leaves/experiment.yaml
      """)

  @Argument(help: "The folder; created where it is missing.") var folder = "."
  @Option(help: "The data set: glyphs, mnist, fashion-mnist, cifar10 or folder.") var data = "glyphs"
  @Option(help: "The number of classes of one's own images; by default 10.") var classes: Int?
  @Option(help: "The channels of one's own images: 1 or 3, the default.") var channels: Int?
  @Option(help: "The side to which one's own images are scaled; by default 32.") var size: Int?
  @Flag(help: "Replace files that are there.") var force = false

  func validate() throws {
    try requirePath(folder, "the folder")
    for (value, option) in [(classes, "--classes"), (channels, "--channels"), (size, "--size")] {
      guard let value else { continue }
      guard data == "folder" else {
        throw ValidationError("\(option) is for --data folder; the data set '\(data)' has its own")
      }
      guard value > 0 else { throw ValidationError("\(option) is a positive number, not \(value)") }
    }
  }

  func run() throws {
    let images = try StartingImages(data, classes: classes ?? 10, channels: channels ?? 3, size: size ?? 32)
    let name = URL(fileURLWithPath: folder).standardizedFileURL.lastPathComponent
    let legal =
      name.first.map { $0.isASCII && $0.isLetter } == true
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_-".contains($0)) }
    let title = legal ? name : "search"
    let space = SpaceTemplate.text(
      name: title, channels: images.channels, size: images.size, classes: images.classes)
    let experiment = ExperimentTemplate.text(
      name: title, space: "space.yaml", data: data, validation: images.validation, flip: images.mayFlip)
    try write(space, "space.yaml")
    try write(experiment, "experiment.yaml")
    Console.print("next: quoin search \(path("experiment.yaml"))")
  }

  private func path(_ name: String) -> String { folder == "." ? name : folder + "/" + name }

  private func write(_ text: String, _ name: String) throws {
    let path = path(name)
    guard force || !FileManager.default.fileExists(atPath: path) else {
      throw Diagnostic(.usage, "the file is there already", at: .init(file: path), remedy: "add --force to replace it")
    }
    try writeAtomically(Data(text.utf8), to: path)
    Console.print("wrote \(path)")
  }
}

/// What a data set's images look like.
private struct StartingImages {
  let channels: Int
  let size: Int
  let classes: Int
  let validation: Int
  let mayFlip: Bool

  init(_ name: String, classes: Int, channels: Int, size: Int) throws {
    switch name {
    case Glyphs.name:
      let image = Glyphs.generate(count: 1, split: .train)
      (self.channels, self.size, self.classes) = (image.channels, image.height, image.classes.count)
      (validation, mayFlip) = (1000, false)
    case "mnist", "fashion-mnist":
      (self.channels, self.size, self.classes, validation, mayFlip) = (1, 28, 10, 5000, name != "mnist")
    case "cifar10": (self.channels, self.size, self.classes, validation, mayFlip) = (3, 32, 10, 5000, true)
    case "folder":
      guard (2...10_000).contains(classes), [1, 3].contains(channels), (8...512).contains(size) else {
        throw Diagnostic(
          .usage, "these images cannot be searched for",
          value: "--classes \(classes) --channels \(channels) --size \(size)",
          rule: "2 to 10000 classes, 1 or 3 channels, a side of 8 to 512")
      }
      (self.channels, self.size, self.classes, validation, mayFlip) = (channels, size, classes, 500, true)
    default:
      throw Diagnostic(
        .usage, "unknown data set", value: name, rule: "there are " + DatasetCatalog.names.joined(separator: ", "),
        nearest: nearestName(to: name, among: DatasetCatalog.names))
    }
  }
}
