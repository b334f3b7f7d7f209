import Diagnostics
import Foundation
import Networks
import Tensors

extension ONNX {
  /// The network and the weights of an ONNX file.
  ///
  /// It reads what ``export(_:weights:classes:metadata:)`` writes, and convolutional networks as PyTorch and others write
  /// them. Inputs and outputs keep their names; nodes keep theirs as far as these are unique. Shapes are for a batch of
  /// one, whatever batch the file or `inputShapes` states.
  ///
  /// - Parameters:
  ///   - data: The bytes of the file.
  ///   - path: The file's path, for messages, and for files beside it that hold its numbers.
  ///   - inputShapes: Shapes of inputs by name, needed where an extent other than the batch is symbolic.
  ///   - readsOtherFiles: Whether a file may keep its numbers in others; not for what comes from another machine.
  /// - Throws: ``Diagnostic`` that names file and node where the file is damaged, or holds an operator or a form of it
  ///   that ``Network`` has no counterpart of.
  public static func `import`(
    _ data: Data, path: String, inputShapes: [String: Shape] = [:], readsOtherFiles: Bool = true
  ) throws -> (network: Network, weights: Weights) {
    var model = try ONNXModelProto(reading: data, path: path)
    var external = ONNXExternalData(beside: path, isAllowed: readsOtherFiles)
    for position in model.graph.initializer.indices { try external.load(&model.graph.initializer[position]) }
    var importer = try ONNXImporter(model, byteCount: data.count + external.byteCount, path: path)
    try importer.addInputs(shapes: inputShapes)
    return try importer.imported()
  }
}

/// Reads the nodes of an ONNX graph one after the other into a network.
struct ONNXImporter {
  let path: String
  let model: ONNXModelProto
  var builder: NetworkBuilder
  private(set) var weights: Weights = [:]
  /// What the names of the graph stand for.
  var values: [String: ImportedValue] = [:]
  /// Tensors of the file by name; they are decoded where they are used.
  private var tensors: [String: ONNXTensorProto] = [:]
  /// How often the graph reads every value, under any of its names.
  private var readerCounts: [String: Int] = [:]
  /// How many names of the graph stand for a value, identities left out.
  private(set) var nameCounts: [Network.ValueID: Int] = [:]
  /// The names that are another name of the same value.
  private var aliases: [String: String] = [:]
  /// The nodes of the network so far, by value.
  private(set) var producers: [Producer] = []
  /// Values of rank 2 as images of one pixel, where they were asked for.
  var pixels: [Network.ValueID: Network.ValueID] = [:]
  /// The batch that the file's constants are for; symbolic batches are 1.
  private(set) var batch = 1
  private var names: Set<String> = []
  /// The last number that was tried to make a wished name unique, so that many nodes of one name do not search long.
  private var lastNumbers: [String: Int] = [:]

  /// A node, and the names of its weights.
  struct Producer {
    let op: Operator
    /// The values that the node reads.
    let inputs: [Network.ValueID]
    let name: String
    var parameters: [(role: String, name: String)] = []

    /// The first value that the node reads.
    var source: Network.ValueID { inputs.first ?? 0 }
  }

  /// How many numbers may still be decoded or computed: a small file must not ask for more memory than its size warrants.
  private var remaining: Int

  /// More elements than any value of a real network has: 1 GiB for a batch of one.
  private static let elementLimit = 1 << 28
  /// More images than any file states; products with the element limit stay far below overflow.
  private static let batchLimit = 1 << 20

  init(_ model: ONNXModelProto, byteCount: Int, path: String) throws {
    remaining = (1 << 25) + 2 * byteCount
    (self.model, self.path) = (model, path)
    builder = NetworkBuilder(name: model.graph.name.isEmpty ? "network" : model.graph.name)
    for tensor in model.graph.initializer { tensors[tensor.name] = tensor }
    countReaders()
  }

  /// Identities give a value another name; they are no readers of their own.
  private mutating func countReaders() {
    let identities: Set = ["Identity", "Dropout", "Cast"]
    for node in model.graph.node {
      if identities.contains(node.opType), let input = node.input.first, let output = node.output.first {
        aliases[output] = aliases[input] ?? input
      } else {
        for input in node.input { readerCounts[aliases[input] ?? input, default: 0] += 1 }
      }
    }
    for output in model.graph.output { readerCounts[aliases[output.name] ?? output.name, default: 0] += 1 }
  }

  /// How often the graph reads a value; an output counts as a reader.
  func readers(of name: String) -> Int { readerCounts[aliases[name] ?? name, default: 0] }

  /// Reads the graph up to its outputs; what these do not need is left out.
  mutating func imported() throws -> (network: Network, weights: Weights) {
    let nodes = model.graph.node.map { ONNXNodeReader($0, operatorSet: model.operatorSet, path: path) }
    for node in try needed(nodes) { try read(node) }
    var outputs: [(name: String, value: Network.ValueID)] = []
    for output in model.graph.output {
      // What was half-read becomes an operator here.
      outputs.append((output.name, try inFile(output.name) { try $0.value(output.name) }))
    }
    guard !outputs.isEmpty else { throw Diagnostic(.unusableFile, "the network has no outputs", at: .init(file: path)) }
    let network = try inBF16(builder.network(outputs: outputs).withoutUnreadNodes())
    let names = Set(network.parameters.map(\.name))
    return (network, weights.filter { names.contains($0.key) })
  }

  /// The network with the layers in BF16 that the file's metadata lists.
  private mutating func inBF16(_ network: Network) throws -> Network {
    guard let entry = model.metadataProps.first(where: { $0.key == ONNX.halfLayersKey }) else { return network }
    guard let names = try? JSONDecoder().decode([String].self, from: Data(entry.value.utf8)) else {
      throw Diagnostic(
        .unusableFile, "the list of layers in BF16 cannot be read", at: .init(file: path, path: ONNX.halfLayersKey),
        value: String(entry.value.prefix(40)), rule: "it is a JSON list of names")
    }
    return try inFile(ONNX.halfLayersKey) { _ in try network.withBF16(Set(names)) }
  }

  /// The nodes that an output depends on, in their order.
  private func needed(_ nodes: [ONNXNodeReader]) throws -> [ONNXNodeReader] {
    var wanted = Set(model.graph.output.map(\.name))
    var result: [ONNXNodeReader] = []
    for node in nodes.reversed() where node.proto.output.contains(where: { !$0.isEmpty && wanted.contains($0) }) {
      wanted.formUnion(node.inputs)
      result.append(node)
    }
    return result.reversed()
  }

  private mutating func read(_ node: ONNXNodeReader) throws {
    guard let operation = Self.operations[node.op] else {
      throw Diagnostic(
        .unusableFile, "unknown ONNX operator", at: .init(file: path, path: node.name), value: node.op,
        rule: "operators of vision networks are supported",
        nearest: nearestName(to: node.op, among: Self.operations.keys.sorted()))
    }
    try inFile(node.name) { try $0.read(node, by: operation) }
  }

  /// Adds the place in the file to what the network's own checks say.
  private mutating func inFile<Result>(_ name: String, _ body: (inout Self) throws -> Result) throws -> Result {
    do {
      return try body(&self)
    } catch var diagnostic as Diagnostic where diagnostic.place?.file == nil {
      diagnostic.place = .init(file: path, path: diagnostic.place?.path ?? name)
      diagnostic.category = .unusableFile
      throw diagnostic
    }
  }
}

// MARK: Inputs

extension ONNXImporter {
  /// Adds the graph's inputs; those that are weights are none.
  mutating func addInputs(shapes: [String: Shape]) throws {
    let inputs = model.graph.input.filter { tensors[$0.name] == nil }
    let known = inputs.map(\.name)
    for name in shapes.keys.sorted() where !known.contains(name) {
      throw Diagnostic(
        .usage, "the network has no such input", at: .init(file: path), value: name,
        rule: "it has \(known.joined(separator: ", "))", nearest: nearestName(to: name, among: known))
    }
    for input in inputs {
      let type = input.type.tensorType.elemType
      guard type == ONNXTensorProto.DataType.float.rawValue else {
        throw Diagnostic(
          .unusableFile, "the input's elements are not 32-bit floating point", at: .init(file: path, path: input.name),
          value: ONNXTensorProto.DataType(rawValue: Int(type)).map { "\($0)" } ?? String(type))
      }
      let shape = try self.shape(of: input.summary, pinned: shapes[input.name])
      names.insert(input.name)
      let value = try builder.input(input.name, shape)
      values[input.name] = .node(value)
      nameCounts[value] = 1
      producers.append(Producer(op: .input, inputs: [], name: input.name))
    }
  }

  /// The shape of an input for a batch of one.
  private mutating func shape(of input: ONNX.Summary.Value, pinned: Shape?) throws -> Shape {
    let place = Diagnostic.Place(file: path, path: input.name)
    let declared = input.dimensions.map { $0.map(String.init) ?? "?" }.joined(separator: "×")
    var shape = Shape(input.dimensions.enumerated().map { axis, extent in axis == 0 ? 1 : extent ?? 0 })
    if let pinned {
      // A file may leave even the rank open.
      let fits =
        shape.rank == 0
        || pinned.rank == shape.rank && (1..<shape.rank).allSatisfy { shape[$0] == 0 || shape[$0] == pinned[$0] }
      guard fits else {
        throw Diagnostic(
          .usage, "the shape given for the input does not fit it", at: place, value: pinned.description,
          rule: "the file states \(declared); the batch, and what is '?', may be of any extent")
      }
      shape = pinned
      if shape.rank > 0 { shape[0] = 1 }
    }
    guard !shape.dimensions.contains(0) else {
      throw Diagnostic(
        .usage, "the input's shape is symbolic", at: place, value: declared,
        remedy: "state it, as in --input-shape \(input.name)=1,3,224,224")
    }
    guard shape.rank >= 2, let count = shape.checkedElementCount, count <= Self.elementLimit else {
      let isCallers = pinned != nil && (input.dimensions.isEmpty || input.dimensions.dropFirst().contains(nil))
      throw Diagnostic(
        isCallers ? .usage : .unusableFile, "the input's shape cannot be used", at: place,
        value: isCallers ? shape.description : declared, rule: "it is a batch of at most 2^28 numbers each")
    }
    if let stated = input.dimensions.first ?? nil {
      guard stated <= Self.batchLimit else {
        throw Diagnostic(
          .unusableFile, "the batch is too large", at: place, value: declared, rule: "2^20 images are the limit")
      }
      batch = stated
    }
    return shape
  }
}

// MARK: Values and nodes

extension ONNXImporter {
  /// Takes `count` numbers from what the file may ask for.
  mutating func charge(_ count: Int) throws {
    remaining -= min(count, remaining + 1)
    guard remaining >= 0 else {
      throw Diagnostic(
        .unusableFile, "the file asks for too many numbers", at: .init(file: path),
        rule: "constants that are computed or repeated stay within the size of the file")
    }
  }

  /// What a name stands for.
  mutating func imported(_ name: String, for node: ONNXNodeReader? = nil) throws -> ImportedValue {
    if let value = values[name] { return value }
    if let tensor = tensors[name] {
      let constant = try ONNXConstant(tensor, path: path)
      try charge(constant.shape.elementCount)
      values[name] = .constant(constant)
      return .constant(constant)
    }
    throw Diagnostic(
      .unusableFile, "a value is read that nothing before produces", at: .init(file: path, path: node?.name),
      value: name, rule: "nodes stand in execution order", nearest: nearestName(to: name, among: values.keys.sorted()))
  }

  /// The constant at an input of a node, or `nil` where the input is left out or no constant.
  mutating func constant(_ node: ONNXNodeReader, _ position: Int) throws -> ONNXConstant? {
    guard let name = node.input(position), case .constant(let constant) = try imported(name, for: node) else {
      return nil
    }
    return constant
  }

  /// FP32 numbers that a node needs to be constant, such as its weights.
  mutating func tensor(_ node: ONNXNodeReader, _ position: Int, _ role: String) throws -> Tensor {
    guard let constant = try constant(node, position), case .reals(let values) = constant.elements else {
      throw node.unusable(
        "the \(role) is not constant", value: node.input(position), rule: "it is a floating-point tensor of the file")
    }
    return Tensor(constant.shape, values)
  }

  /// Integers that stand in an attribute in older files and in an input in newer ones.
  mutating func integers(_ node: ONNXNodeReader, attribute: String, input: Int) throws -> [Int]? {
    if let values = node.integers(attribute) { return values }
    guard node.input(input) != nil else { return nil }
    guard let values = try constant(node, input)?.integers else {
      throw node.unusable("\(attribute) are not constant integers", value: node.input(input))
    }
    return values
  }

  /// The operand of a node as a value of the network.
  mutating func operand(_ node: ONNXNodeReader, _ position: Int = 0) throws -> Network.ValueID {
    guard let name = node.input(position) else { throw node.unusable("operand \(position) is missing") }
    return try value(name, for: node)
  }

  /// A name as a value of the network; what was half-read is finished.
  mutating func value(_ name: String, for node: ONNXNodeReader? = nil) throws -> Network.ValueID {
    let imported = try imported(name, for: node)
    if case .node(let value) = imported { return value }
    if case .bytes = imported { throw unmoved(name, node) }
    guard let value = try finished(imported) else {
      throw Diagnostic(
        .unusableFile, "the value cannot stand alone", at: .init(file: path, path: name),
        rule: "constants, paddings and regroupings are part of an operator that follows")
    }
    values[name] = .node(value)
    nameCounts[value, default: 0] += 1
    return value
  }

  /// Says what the node's first output stands for.
  mutating func define(_ node: ONNXNodeReader, _ value: ImportedValue) throws {
    guard let name = node.proto.output.first, !name.isEmpty else { throw node.unusable("the output has no name") }
    try define(node, name, value)
  }

  mutating func define(_ node: ONNXNodeReader, _ name: String, _ value: ImportedValue) throws {
    if case .constant(let constant) = value { try charge(constant.shape.elementCount) }
    guard values.updateValue(value, forKey: name) == nil, tensors[name] == nil else {
      throw node.unusable("a value is produced twice", value: name)
    }
    // Readers of an identity's result are counted as readers of its operand.
    if case .node(let value) = value, aliases[name] == nil { nameCounts[value, default: 0] += 1 }
  }

  /// The node computes an operator whose name and output are its own.
  mutating func define(
    _ node: ONNXNodeReader, _ op: Operator, _ inputs: [Network.ValueID], _ parameters: [(String, Tensor)] = []
  ) throws {
    try define(node, .node(try append(node.name, op, inputs, parameters)))
  }

  /// Adds a node to the network; its parameters are named after it.
  mutating func append(
    _ wish: String, _ op: Operator, _ inputs: [Network.ValueID], _ parameters: [(role: String, tensor: Tensor)] = []
  ) throws -> Network.ValueID {
    let name = uniqueName(wish)
    let boxes = parameters.map { Parameter("\(name).\($0.role)", $0.tensor.shape) }
    let value = try builder.append(name, op, inputs, parameters: boxes)
    guard let count = builder.shape(value).checkedElementCount, count <= Self.elementLimit else {
      throw Diagnostic(
        .unusableFile, "the value is too large", at: .init(path: name), rule: "2^28 numbers are the limit")
    }
    for (box, parameter) in zip(boxes, parameters) { weights[box.name] = parameter.tensor }
    let names = zip(parameters, boxes).map { (role: $0.role, name: $1.name) }
    producers.append(Producer(op: op, inputs: inputs, name: name, parameters: names))
    return value
  }

  /// The wished name, or the wished name with the first number from 2 that makes it unique.
  private mutating func uniqueName(_ wish: String) -> String {
    var name = wish
    while !names.insert(name).inserted {
      let number = lastNumbers[wish, default: 1] + 1
      lastNumbers[wish] = number
      name = "\(wish)_\(number)"
    }
    return name
  }
}
