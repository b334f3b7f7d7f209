import Foundation
import SearchSpaces

/// The folder of the spaces that the project ships.
let shippedFolder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
  .deletingLastPathComponent().appendingPathComponent("searchspaces").path

let shippedNames = ["demo-glyphs", "fbnet-cifar", "mbconv-cifar", "mbconv-mnist", "resnet-bottleneck"]

func shipped(_ name: String) throws -> SearchSpace { try SearchSpace.load("\(shippedFolder)/\(name).yaml") }

/// A space file with the given stages (indented by two), width and input size.
func spaceText(
  stages: String, size: String = "8", stem: String = "{channels: 8}", more: String = ""
) -> String {
  """
  version: 1
  name: test
  input: {image: {channels: 3, size: \(size)}}
  classes: 4
  stem: {conv: \(stem)}
  \(more)
  stages:
  \(stages)
  """
}

/// Small spaces that together use every feature of the format.
let smallSpaces: [String: String] = [
  "together": spaceText(
    stages: """
        - {name: a, depth: [1, 3], block: {mbconv: {channels: [8, 16], kernel: [3, 5], expand: [1, 2], stride: 2}}}
        - {name: b, channels: 24, block: {choose: [conv: {kernel: [1, 3]}, bottleneck: {expand: [0.5, 1]}]}}
      """, size: "[6, 8]"),
  "per block": spaceText(
    stages: """
        - name: a
          depth: [1, 3]
          per_block: true
          stride: 2
          block: {mbconv: {channels: [8, 16], kernel: 3, expand: 2, se: [false, true]}}
        - {name: b, channels: [16, 24], block: {fused_mbconv: {expand: 2}}}
      """),
  "kinds": spaceText(
    stages: """
        - name: a
          channels: 16
          depth: 3
          per_block: true
          block: {choose: [mbconv: {kernel: [3, 5], expand: 2}, shuffle: {expand: 0.5, groups: [2, 4]}, skip]}
      """, more: "width: [0.5, 1.0]"),
  "kept shape": spaceText(
    stages: """
        - name: a
          channels: 8
          depth: 2
          per_block: true
          block: {choose: [bottleneck: {expand: 1, groups: [1, 2]}, skip]}
        - {name: b, channels: 8, stride: [1, 2], block: {bottleneck: {expand: 1, activation: [relu, hswish]}}}
      """, size: "[{height: 6, width: 8}, 8]", more: "head: {conv: {channels: [8, 16]}}"),
  "kernels": spaceText(
    stages: """
        - name: a
          depth: [1, 2]
          per_block: true
          block:
            choose:
              - mbconv: {name: wide, kernel: {height: 3, width: 5}, expand: [2, 4]}
              - mbconv: {name: high, kernel: {height: 5, width: 3}, expand: 2}
          channels: 16
      """, stem: "{channels: [8, 16], kernel: [1, 3], stride: [1, 2]}"),
]
