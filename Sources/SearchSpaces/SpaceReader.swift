import Diagnostics
import Foundation
import Networks
import Yams

/// Reads a space file into the parts of a ``SearchSpace``.
struct SpaceReader {
  static let keys = [
    "version", "name", "input", "classes", "width", "stem", "stages", "head", "precision", "limits",
  ]

  /// The parts of a space, each checked by itself; ``SpaceRules`` checks how they fit together.
  struct Parts {
    var name: String
    var input: ImageInput
    var classes: Int
    var width: Choice
    var stem: EndConvolution
    var stages: [Stage]
    var head: EndConvolution?
    var limits: NetworkLimits
  }

  static func read(_ data: Data, file: String?) throws -> Parts {
    let root = YAMLEntry(node: try YAMLDocument.root(of: data, file: file), file: file, path: "")
    try refuseDecoder(root)
    let fields = try root.fields(keys)
    try checkVersion(fields)
    if let precision = fields["precision"] { try checkPrecision(precision) }
    return Parts(
      name: try fields.required("name", rule: "a space has a name").name(),
      input: try image(fields.required("input", rule: "write input: {image: {channels: 3, size: 32}}")),
      classes: try fields.required("classes", rule: "the number of classes is needed").integer(
        in: 1...100_000),
      width: try fields["width"]?.choice("width", ValueRules.width)
        ?? Choice(key: "width", values: [1], line: nil),
      stem: try stem(fields.required("stem", rule: "write stem: {conv: {channels: 16}}")),
      stages: try stages(fields.required("stages", rule: "a space has at least one stage")),
      head: try fields["head"].flatMap(head),
      limits: try fields["limits"].map(limits) ?? NetworkLimits())
  }

  private static func refuseDecoder(_ root: YAMLEntry) throws {
    guard let decoder = root.node.mapping?["decoder"] else { return }
    throw root.child(decoder, key: "decoder").error(
      "decoder spaces come with the language models", rule: "this version reads spaces of image networks",
      remedy: "describe an image network with input, stem and stages")
  }

  private static func checkVersion(_ fields: YAMLEntry.Fields) throws {
    let version = try fields.required("version", rule: "a space file starts with 'version: 1'")
    guard version.text == "1" else {
      throw version.error("unknown version of the format", rule: "this program reads version 1")
    }
  }

  private static func checkPrecision(_ entry: YAMLEntry) throws {
    for element in entry.elements ?? [entry] {
      guard element.text != "int8" else {
        throw element.error(
          "the precision is not searched over", rule: "networks are trained and searched in fp32",
          remedy: "write precision: fp32, and quantise the winner with quoin quantize")
      }
      _ = try element.word(among: ["fp32"], "precision")
    }
    _ = try entry.choice("precision") { .text($0.text ?? "") }
  }

  private static func image(_ input: YAMLEntry) throws -> ImageInput {
    let fields = try input.fields(["image"], rule: "write input: {image: {channels: 3, size: 32}}")
    let image = try fields.required("image", rule: "write input: {image: {channels: 3, size: 32}}")
    let keys = try image.fields(["channels", "size", "mean", "deviation"])
    let channels = try keys.required("channels", rule: "an image has channels and a size").integer(in: 1...64)
    let size = try keys.required("size", rule: "an image has channels and a size")
    let choice = try size.choice("resolution", ValueRules.size)
    let sizes = choice.values.map(\.extent)
    let native = Extent(height: sizes.map(\.height).max() ?? 0, width: sizes.map(\.width).max() ?? 0)
    guard sizes.contains(native) else {
      throw size.error(
        "no size is the largest in height and in width",
        rule: "one of the sizes is the native one, and the others are made from it")
    }
    return ImageInput(
      channels: channels, size: choice,
      mean: try perChannel(keys["mean"], channels, default: 127.5, in: -1e6...1e6),
      deviation: try perChannel(keys["deviation"], channels, default: 63.75, in: 1e-6...1e6))
  }

  /// A number for all channels or one for each. These are facts about the data, never choices: the one place of the
  /// format where a list is no choice.
  private static func perChannel(
    _ entry: YAMLEntry?, _ channels: Int, default value: Float, in range: ClosedRange<Double>
  ) throws -> [Float] {
    guard let entry else { return Array(repeating: value, count: channels) }
    let elements = entry.elements ?? Array(repeating: entry, count: channels)
    guard elements.count == channels else {
      throw entry.error(
        "the list does not fit the channels", value: "\(elements.count) numbers",
        rule: "one number for all channels, or one for each of the \(channels)")
    }
    return try elements.map { element in
      guard let number = element.text.flatMap(YAMLEntry.number), range.contains(number) else {
        throw element.error(
          "this is no usable number",
          rule: "pixels are 0…255; y = (pixel - mean) / deviation, deviation above 0")
      }
      return Float(number)
    }
  }

  private static func stem(_ entry: YAMLEntry) throws -> EndConvolution {
    let rule = "write stem: {conv: {channels: 16}}"
    let conv = try entry.fields(["conv"], rule: rule).required("conv", rule: rule)
    return try endConvolution(conv, keys: ["channels", "kernel", "stride", "activation"], kernel: 3)
  }

  private static func head(_ entry: YAMLEntry) throws -> EndConvolution? {
    let fields = try entry.fields(["conv", "pool"])
    if let pool = fields["pool"] { _ = try pool.word(among: ["average"], "pool") }
    return try fields["conv"].map { try endConvolution($0, keys: ["channels", "activation"], kernel: 1) }
  }

  private static func endConvolution(_ entry: YAMLEntry, keys: [String], kernel: Int) throws -> EndConvolution {
    let fields = try entry.fields(keys)
    func choice(_ key: String, default value: VariableValue, _ rule: YAMLEntry.ValueRule) throws -> Choice {
      try fields[key]?.choice(key, rule) ?? Choice(key: key, values: [value], line: entry.line)
    }
    return EndConvolution(
      channels: try fields.required("channels", rule: "a convolution has channels")
        .choice("channels", ValueRules.channels),
      kernel: try choice("kernel", default: .integer(kernel), ValueRules.kernel),
      stride: try choice("stride", default: 1, ValueRules.stride),
      activation: try choice("activation", default: "relu", ValueRules.activation))
  }

  private static func limits(_ entry: YAMLEntry) throws -> NetworkLimits {
    let fields = try entry.fields(["parameters", "macs"])
    return NetworkLimits(
      parameters: try fields["parameters"]?.positiveNumber(upTo: 1e15),
      macs: try fields["macs"]?.positiveNumber(upTo: 1e15))
  }
}
