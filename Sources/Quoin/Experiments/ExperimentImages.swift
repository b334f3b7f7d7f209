import Datasets
import Diagnostics
import SearchSpaces
import Supernets
import Tensors

/// The images of an experiment: for training, for choosing, and for the test at the end.
struct ExperimentImages {
  /// What the supernet is trained on.
  let training: ImageDataset
  /// Training images that were held out to choose by.
  let validation: ImageDataset
  private let experiment: Experiment
  private let space: SearchSpace
  private let options: ImageFolderOptions

  /// Loads the training images and holds some out.
  ///
  /// - Throws: `Diagnostic` where they do not fit the space, or are too few.
  init(_ experiment: Experiment, for space: SearchSpace) throws {
    (self.experiment, self.space) = (experiment, space)
    options = ImageFolderOptions(
      channels: space.imageChannels, height: space.imageSize.height, width: space.imageSize.width)
    let all = try DatasetCatalog.load(
      experiment.data.name, folder: experiment.data.folder, split: .train, images: options)
    try space.requireFit(all)
    guard experiment.data.validation < all.count else {
      throw Diagnostic(
        .unusableFile, "too few images to hold some out", at: .init(file: experiment.file, path: "data.validation"),
        value: "\(experiment.data.validation)", rule: "there are \(all.count) training images")
    }
    (training, validation) = all.split(validation: experiment.data.validation, seed: experiment.seed)
  }

  /// Training images, drawn at random, for batch norm statistics.
  func recalibration(_ count: Int) -> ImageDataset {
    var random = RandomSource(seed: experiment.seed, purpose: "recalibration images")
    return training.subset(Array(random.shuffled(Array(0..<training.count)).prefix(count)))
  }

  /// The test images.
  ///
  /// - Throws: `Diagnostic` where they are missing, or do not fit the space.
  func test() throws -> ImageDataset {
    let test = try DatasetCatalog.load(
      experiment.data.name, folder: experiment.data.folder, split: .test, images: options)
    try space.requireFit(test)
    return test
  }
}
