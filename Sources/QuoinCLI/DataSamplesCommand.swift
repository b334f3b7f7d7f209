import ArgumentParser
import Datasets
import Foundation
import Tensors

extension DataCommand {
  /// `quoin data samples`: images of a data set as an array, such as quantising asks for.
  struct Samples: ParsableCommand {
    static let configuration = CommandConfiguration(
      abstract: "Write some images of a data set to a .npy file.",
      discussion: """
        The array is images × channels × height × width in FP32, values 0…255, drawn without repetition.

        EXAMPLES
          quoin data samples cifar10 -n 64 -o images.npy
          quoin quantize winner.onnx --calibration images.npy -o winner-int8.onnx
        """)

    @Argument(help: "The data set.") var name: String
    @Option(help: "The folder of its files.") var data: String?
    @Option(name: .customShort("n"), help: "How many images.") var count = 64
    @Option(help: "train or test.") var part = "train"
    @Option(help: "The seed of the draw.") var seed: UInt64 = 1
    @Option(name: .shortAndLong, help: "The file to write, in a folder that exists.") var output: String

    func validate() throws {
      guard DatasetSplit(rawValue: part) != nil else { throw ValidationError("--part is train or test, not '\(part)'") }
      guard count > 0 else { throw ValidationError("-n is above 0, not \(count)") }
      try requirePath(data, "--data")
      try requirePath(output, "--output")
    }

    func run() throws {
      try requireFolder(of: output, "--output")
      let images = try DatasetCatalog.load(name, folder: data, split: DatasetSplit(rawValue: part) ?? .train)
      guard count <= images.count else {
        throw ValidationError("-n is at most \(images.count), the images of that part of \(name), not \(count)")
      }
      var random = RandomSource(seed: seed, purpose: "data samples")
      let drawn = random.shuffled(Array(0..<images.count)).prefix(count).sorted()
      try NPY.write(images.batch(of: drawn), to: output)
      Console.print("wrote \(count) images of \(images.channels)×\(images.height)×\(images.width) to \(output)")
    }
  }
}
