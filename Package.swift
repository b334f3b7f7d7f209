// swift-tools-version: 6.2
import PackageDescription

// The manifest is a table: one row per room, with what it may import. `docs/ARCHITECTURE.md` gives
// the reasons for each edge; the build refuses an import that is not declared here.

/// A Swift module of the package and everything that it may import.
struct Room {
  let name: String
  var imports: [Target.Dependency] = []
  /// What its tests compare with beyond that.
  var testImports: [Target.Dependency] = []
  /// Files of its folder that are not built.
  var exclude: [String] = []
}

let cryptography: Target.Dependency = "CCrypto"
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let grdb: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let protobuf: Target.Dependency = .product(name: "SwiftProtobuf", package: "swift-protobuf")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let argumentParser: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")

let rooms = [
  // Leaves: plain values.
  Room(name: "Diagnostics", imports: [cryptography]),
  Room(name: "Tensors", imports: ["Diagnostics"]),
  Room(name: "Networks", imports: ["Diagnostics", "Tensors"]),

  // Numbers on this machine.
  Room(name: "Compute", imports: ["CKernels", "COpenBLAS", "Diagnostics", "Tensors"]),
  Room(name: "Inference", imports: ["CKernels", "Compute", "Diagnostics", "Networks", "Tensors"]),
  Room(name: "Datasets", imports: ["CImageCodecs", "Diagnostics", "Tensors"]),
  Room(name: "Training", imports: ["CKernels", "Compute", "Datasets", "Diagnostics", "Networks", "Tensors"]),

  // Spaces, and the networks that live in them.
  Room(name: "SearchSpaces", imports: ["Diagnostics", "Networks", "Tensors", yams]),
  Room(
    name: "Supernets",
    imports: ["Compute", "Datasets", "Diagnostics", "Networks", "SearchSpaces", "Tensors", "Training"],
    testImports: ["Inference"]),

  // Latency.
  Room(name: "Latency", imports: ["Compute", "Diagnostics", "Networks", "Tensors"]),
  Room(name: "Devices", imports: ["Compute", "Diagnostics", "Inference", "Interchange", "Networks", "Tensors"]),

  // Choosing.
  Room(name: "MixedInteger", imports: ["CGLPK", "Diagnostics"]),
  Room(name: "BlockSelection", imports: ["CKernels", "Diagnostics", "MixedInteger"]),
  Room(name: "Search", imports: ["Diagnostics", "SearchSpaces", "Tensors"]),
  Room(name: "Store", imports: ["Diagnostics", "Search", grdb]),

  // What leaves the house.
  Room(
    name: "Interchange", imports: ["Diagnostics", "Networks", "Tensors", protobuf],
    testImports: ["Compute", "Inference", "SearchSpaces"], exclude: ["onnx.proto"]),
  Room(name: "Report", imports: ["Diagnostics", "Networks", "Tensors"]),

  // The one room that knows all others.
  Room(
    name: "Quoin",
    imports: [
      "BlockSelection", "Compute", "Datasets", "Devices", "Diagnostics", "Inference", "Interchange",
      "Latency", "Networks", "Report", "Search", "SearchSpaces", "Store", "Supernets", "Tensors",
      "Training", logging, yams,
    ]),
]

/// Warnings are errors where `CI` is set, so that a newer compiler never stops a user's build.
let settings: [SwiftSetting] =
  Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

let libraries: [Target] = rooms.map {
  .target(name: $0.name, dependencies: $0.imports, exclude: $0.exclude, swiftSettings: settings)
}
let tests: [Target] = rooms.map {
  .testTarget(
    name: $0.name + "Tests",
    dependencies: [.init(stringLiteral: $0.name), "TestSupport"] + $0.imports + $0.testImports,
    swiftSettings: settings)
}

let package = Package(
  name: "quoin",
  products: [
    .library(name: "Quoin", targets: ["Quoin"]),
    .executable(name: "quoin", targets: ["QuoinCLI"]),
    .executable(name: "quoin-bench", targets: ["QuoinBench"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
    .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
    .package(url: "https://github.com/apple/swift-protobuf", exact: "1.39.0"),
    .package(url: "https://github.com/groue/GRDB.swift", exact: "7.10.0"),
    .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
  ],
  targets: [
    // C: kernels of our own, and shims of two files each over the system's libraries.
    .target(name: "CKernels", cSettings: [.define("_GNU_SOURCE")]),
    .target(name: "COpenBLAS", linkerSettings: [.linkedLibrary("dl")]),
    .target(
      name: "CImageCodecs",
      linkerSettings: [.linkedLibrary("jpeg"), .linkedLibrary("png"), .linkedLibrary("z")]),
    .target(name: "CCrypto", linkerSettings: [.linkedLibrary("crypto")]),
    .target(name: "CGLPK", linkerSettings: [.linkedLibrary("glpk")]),
    .executableTarget(
      name: "QuoinCLI",
      dependencies: [
        "BlockSelection", "Compute", "Datasets", "Devices", "Diagnostics", "Inference", "Interchange", "Latency",
        "Networks", "Quoin", "Search", "SearchSpaces", "Store", "Tensors", argumentParser, logging,
      ],
      swiftSettings: settings),
    .executableTarget(
      name: "QuoinBench",
      dependencies: [
        "Compute", "Devices", "Diagnostics", "Inference", "Interchange", "Latency", "Networks", "Quoin", "SearchSpaces",
        "Tensors", "Training",
      ],
      swiftSettings: settings),
    .target(
      name: "TestSupport", dependencies: ["Diagnostics", "Tensors"], path: "Tests/TestSupport",
      swiftSettings: settings),
    .testTarget(
      name: "QuoinCLITests", dependencies: ["QuoinCLI", "TestSupport"], swiftSettings: settings),
  ] + libraries + tests,
  swiftLanguageModes: [.v6]
)
