import Diagnostics
import Foundation
import SwiftProtobuf

/// ONNX files (https://onnx.ai): how trained networks leave the house, and how those of others come in.
///
///     try writeAtomically(ONNX.export(network, weights: weights), to: "winner.onnx")
///     let (network, weights) = try ONNX.import(readFile("winner.onnx"), path: "winner.onnx")
public enum ONNX {
  /// The version of the operators that exported files use.
  public static let exportedOperatorSet = 17

  /// What a file says about itself, without its weights.
  public struct Summary: Hashable, Sendable {
    /// A value that enters or leaves the network.
    public struct Value: Hashable, Sendable {
      /// The name that callers use.
      public var name: String
      /// The extents; `nil` where one is symbolic, as the batch usually is.
      public var dimensions: [Int?]
    }

    /// The program that wrote the file.
    public var producer: String
    /// The version of the standard's operators that the file uses.
    public var operatorSet: Int
    /// What the caller gives, without weights.
    public var inputs: [Value]
    /// What the network returns.
    public var outputs: [Value]
    /// Texts by name.
    public var metadata: [String: String]

    /// The names of the classes in the order of the logits, where the file states them as Quoin does.
    public var classes: [String]? {
      metadata[ONNX.classesKey].flatMap { try? JSONDecoder().decode([String].self, from: Data($0.utf8)) }
    }
  }

  /// What the file says about itself.
  ///
  /// - Throws: ``Diagnostic`` where it is not an ONNX model.
  public static func summary(of data: Data, path: String) throws -> Summary {
    let model = try ONNXModelProto(reading: data, path: path)
    let constants = Set(model.graph.initializer.map(\.name))
    let metadata = model.metadataProps.map { ($0.key, $0.value) }
    return Summary(
      producer: model.producerName, operatorSet: model.operatorSet,
      inputs: model.graph.input.filter { !constants.contains($0.name) }.map { $0.summary },
      outputs: model.graph.output.map { $0.summary }, metadata: Dictionary(metadata) { first, _ in first })
  }

  /// The metadata entry that holds the class names as a JSON list.
  static let classesKey = "classes"
  /// The metadata entry that lists, as JSON, the layers that multiply in BF16. The standard's operators have no such form
  /// that runtimes run, so that other readers see these layers in FP32.
  static let halfLayersKey = "bf16_layers"
}

extension ONNXModelProto {
  /// Reads the bytes of a file.
  ///
  /// - Throws: ``Diagnostic`` where they are not a model with a graph.
  init(reading data: Data, path: String) throws {
    func damaged(_ rule: String, remedy: String? = nil) -> Diagnostic {
      Diagnostic(.unusableFile, "the file is not an ONNX model", at: .init(file: path), rule: rule, remedy: remedy)
    }
    let remedy = "it may be cut off: copy or export it again"
    guard ONNXWireScan.isModest(data) else {
      throw damaged("it is a protobuf message of at most 4 million parts", remedy: remedy)
    }
    var options = BinaryDecodingOptions()
    options.discardUnknownFields = true
    do {
      try self.init(serializedBytes: data, partial: true, options: options)
    } catch {
      throw damaged("it is a complete protobuf message", remedy: remedy)
    }
    guard hasGraph else { throw damaged("it has a graph") }
  }

  /// The version of the standard's own operators.
  var operatorSet: Int {
    Int(clamping: opsetImport.first { $0.domain.isEmpty || $0.domain == "ai.onnx" }?.version ?? 1)
  }
}

extension ONNXValueInfoProto {
  /// The name with the extents that are known.
  var summary: ONNX.Summary.Value {
    let dimensions = type.tensorType.shape.dim.map { dimension -> Int? in
      // Some programs write 0 or -1 for an unknown extent.
      if case .dimValue(let extent)? = dimension.value, extent > 0 { Int(clamping: extent) } else { nil }
    }
    return .init(name: name, dimensions: dimensions)
  }
}
