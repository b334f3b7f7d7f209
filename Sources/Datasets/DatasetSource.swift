/// Where a published data set can be downloaded, and what its bytes must be.
public struct DatasetSource: Hashable, Sendable {
  /// One file of a data set.
  public struct RemoteFile: Hashable, Sendable {
    /// The file's name, on the server and in the data set's folder.
    public var name: String
    /// Its length.
    public var bytes: Int
    /// The SHA-256 of its bytes in lower-case hexadecimal digits.
    public var sha256: String

    /// Creates a description of a file.
    public init(name: String, bytes: Int, sha256: String) {
      self.name = name
      self.bytes = bytes
      self.sha256 = sha256
    }
  }

  /// The data set's name in ``DatasetCatalog``.
  public var name: String
  /// The address that the files' names are appended to.
  public var base: String
  /// What is downloaded.
  public var files: [RemoteFile]
  /// What stands in the folder at the end where `files` are `.tar.gz` archives, by path and length; empty
  /// where the files are used as they come.
  public var unpacked: [String: Int]

  /// Creates a source.
  public init(name: String, base: String, files: [RemoteFile], unpacked: [String: Int] = [:]) {
    self.name = name
    self.base = base
    self.files = files
    self.unpacked = unpacked
  }

  /// All data sets that can be fetched. Lengths and checksums are those that TensorFlow Datasets publishes
  /// for the same addresses.
  public static let known = [mnist, fashionMNIST, cifar10]

  private static let mnist = DatasetSource(
    name: "mnist", base: "https://storage.googleapis.com/cvdf-datasets/mnist",
    files: [
      .init(
        name: "train-images-idx3-ubyte.gz", bytes: 9_912_422,
        sha256: "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
      .init(
        name: "train-labels-idx1-ubyte.gz", bytes: 28_881,
        sha256: "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
      .init(
        name: "t10k-images-idx3-ubyte.gz", bytes: 1_648_877,
        sha256: "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
      .init(
        name: "t10k-labels-idx1-ubyte.gz", bytes: 4_542,
        sha256: "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    ])

  private static let fashionMNIST = DatasetSource(
    name: "fashion-mnist", base: "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com",
    files: [
      .init(
        name: "train-images-idx3-ubyte.gz", bytes: 26_421_880,
        sha256: "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
      .init(
        name: "train-labels-idx1-ubyte.gz", bytes: 29_515,
        sha256: "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
      .init(
        name: "t10k-images-idx3-ubyte.gz", bytes: 4_422_102,
        sha256: "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
      .init(
        name: "t10k-labels-idx1-ubyte.gz", bytes: 5_148,
        sha256: "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    ])

  private static let cifar10 = DatasetSource(
    name: CIFAR10.name, base: "https://www.cs.toronto.edu/~kriz",
    files: [
      .init(
        name: "cifar-10-binary.tar.gz", bytes: 170_052_171,
        sha256: "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd")
    ],
    unpacked: Dictionary(
      uniqueKeysWithValues: (CIFAR10.trainingFiles + CIFAR10.testFiles).map {
        ("\(CIFAR10.archiveFolder)/\($0)", 30_730_000)
      }))
}
