import Diagnostics
import Foundation
import Networks
import Tensors

/// A space of image networks: a skeleton with choices, read from a YAML file.
///
/// The one rule of the format is: wherever a value may stand, a list of values is a choice. `searchspaces/` holds
/// commented files, and ``SpaceTemplate`` one to start from.
///
///     let space = try SearchSpace.load("searchspaces/mbconv-cifar.yaml")
///     var random = RandomSource(seed: 1)
///     let architecture = space.sample(using: &random)
///     let network = try space.network(for: architecture)
///
/// Elastic parts follow Once-for-All (Cai et al., 2020): a smaller kernel is the centre of the largest, fewer channels
/// are the first ones, and a shallower stage is its first blocks. Lists of candidate blocks follow FBNet (Wu et al.,
/// 2019).
public struct SearchSpace: Sendable {
  /// The skeleton; every open choice in it is a variable.
  let parts: SpaceReader.Parts
  /// The decisions; one that conditions another stands before it.
  public let variables: [Variable]
  /// The shared tensors from which every network takes its parameters, in the order of first use. Their shapes are the
  /// largest over the space.
  public let sharedParameters: [Parameter]
  /// The shapes of ``sharedParameters`` by name.
  let sharedShapes: [String: Shape]
  /// The positions of the variables by name.
  let positions: [String: Int]
  /// A network that keeps the limits; the end of every search for one.
  let anchor: Architecture

  /// The space's name.
  public var name: String { parts.name }
  /// The number of classes that the networks tell apart.
  public var classes: Int { parts.classes }
  /// The limits that every drawn network keeps.
  public var limits: NetworkLimits { parts.limits }
  /// The number of channels of the images.
  public var imageChannels: Int { parts.input.channels }
  /// The size of the images; smaller resolutions are made from it inside the network.
  public var imageSize: Extent { parts.input.nativeSize }

  /// Reads a space file.
  ///
  /// - Throws: ``Diagnostic`` with line, key, value and rule where the file is no space of at least one network.
  public static func load(_ path: String) throws -> SearchSpace {
    try SearchSpace(data: try readFile(path, limit: YAMLDocument.sizeLimit), file: path)
  }

  /// Reads a space from the text of a space file.
  ///
  /// - Throws: ``Diagnostic`` as for ``load(_:)``; `file` is the name that it gives.
  public init(yaml: String, file: String? = nil) throws { try self.init(data: Data(yaml.utf8), file: file) }

  init(data: Data, file: String?) throws {
    try self.init(parts: SpaceRules.check(SpaceReader.read(data, file: file), file: file), file: file)
  }

  private init(parts: SpaceReader.Parts, file: String?) throws {
    self.parts = parts
    sharedParameters = try SharedTensors.parameters(of: parts, file: file)
    sharedShapes = Dictionary(uniqueKeysWithValues: sharedParameters.map { ($0.name, $0.shape) })
    variables = try VariableTable.variables(of: parts, file: file)
    positions = Dictionary(uniqueKeysWithValues: variables.enumerated().map { ($0.element.name, $0.offset) })
    anchor = try Self.anchor(parts, variables, file)
  }
}

extension SearchSpace {
  /// The network of an architecture.
  ///
  /// Its input is `image` (pixels 0…255 of ``imageSize``), its output `logits`. Convolutions, batch norms and
  /// activations are nodes of their own; parameters are boxes of ``sharedParameters``: the first channels, and the
  /// centre of the kernel. Nodes and parameters are named `<stage>.<block>.<kind>.<layer>`.
  ///
  /// - Throws: ``Diagnostic`` that names the variable where the architecture belongs to another space.
  public func network(for architecture: Architecture) throws -> Network {
    let architecture = try self.architecture(choosing: architecture.choices)
    return try parts.network(
      parts.blueprint(ArchitectureDecisions(choices: architecture.choices)), shared: sharedShapes)
  }

  /// Whether an architecture keeps the space's limits.
  public func isWithinLimits(_ architecture: Architecture) -> Bool {
    guard !limits.isEmpty else { return true }
    // A network of this space can always be built; one that could not would be none to draw.
    guard let network = try? network(for: architecture) else { return false }
    return limits.allow(network.cost)
  }

  /// The smallest networks by operations and by parameters are the ones that keep limits if any simple one does.
  private static func anchor(
    _ parts: SpaceReader.Parts, _ variables: [Variable], _ file: String?
  ) throws -> Architecture {
    let fewestOperations = try smallestNetwork(parts, variables, by: \.macs)
    if parts.limits.allow(fewestOperations.cost) { return fewestOperations.architecture }
    let fewestParameters = try smallestNetwork(parts, variables, by: \.parameters)
    if parts.limits.allow(fewestParameters.cost) { return fewestParameters.architecture }
    let cost = fewestOperations.cost
    throw Diagnostic(
      .infeasible, "no network keeps the limits", at: .init(file: file, path: "limits"),
      rule: "the smallest network has \(cost.macs) MACs and \(cost.parameters) parameters",
      remedy: "raise the limits or offer smaller choices")
  }

  /// The network that is the smallest by a measure, and what it costs.
  private static func smallestNetwork(
    _ parts: SpaceReader.Parts, _ variables: [Variable], by measure: KeyPath<Cost, Int>
  ) throws -> (architecture: Architecture, cost: Cost) {
    let architecture = Architecture(choices: SizeOrder.smallest(parts, variables, by: measure))
    let decisions = ArchitectureDecisions(choices: architecture.choices)
    return (architecture, try parts.network(parts.blueprint(decisions), shared: nil).cost)
  }

  /// The tightest value that each limit of a space file could have if it were the only one.
  ///
  /// It answers where ``load(_:)`` throws a ``Diagnostic`` of category `infeasible`.
  ///
  /// - Throws: ``Diagnostic`` where the file is no space.
  public static func attainableLimits(of path: String) throws -> NetworkLimits {
    let data = try readFile(path, limit: YAMLDocument.sizeLimit)
    let parts = try SpaceRules.check(SpaceReader.read(data, file: path), file: path)
    let variables = try VariableTable.variables(of: parts, file: path)
    return NetworkLimits(
      parameters: Double(try smallestNetwork(parts, variables, by: \.parameters).cost.parameters),
      macs: Double(try smallestNetwork(parts, variables, by: \.macs).cost.macs))
  }
}

extension SpaceReader.Parts {
  /// Builds the network of a blueprint; without `shared` its parameters are whole tensors.
  func network(_ blueprint: Blueprint, shared: [String: Shape]?) throws -> Network {
    var lowering = Lowering(builder: NetworkBuilder(name: name), shared: shared)
    var value = try lowering.image(input, blueprint.resolution)
    value = try lowering.end("stem.conv", value, blueprint.stem)
    for stage in blueprint.stages { value = try lowering.stage(stage, value) }
    if let head = blueprint.head { value = try lowering.end("head.conv", value, head) }
    value = try lowering.classifier(value, classes: classes)
    return lowering.builder.network(outputs: [("logits", value)])
  }
}
