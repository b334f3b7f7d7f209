import Diagnostics
import Foundation
import SearchSpaces
import Testing

/// A change to a good file, and the whole message that the result gets.
struct BadFile: Sendable, CustomTestStringConvertible {
  let replace: String
  let by: String
  let message: String

  init(_ replace: String, _ by: String, _ message: String) {
    self.replace = replace
    self.by = by
    self.message = message
  }

  var testDescription: String { message }

  /// Lines are counted in the messages below.
  static let good = """
    version: 1
    name: good
    input: {image: {channels: 3, size: [24, 32], mean: 127.5}}
    classes: 10
    width: [0.5, 1.0]
    stem: {conv: {channels: 16, kernel: 3, activation: relu}}
    stages:
      - name: early
        depth: [1, 2]
        stride: 2
        block: {mbconv: {channels: 16, kernel: [3, 5], expand: [2, 4], se: [false, true]}}
      - name: late
        channels: 32
        depth: 3
        per_block: true
        block:
          choose:
            - mbconv: {kernel: 3, expand: [3, 6]}
            - bottleneck: {expand: 0.5, groups: 2}
            - skip
    head: {conv: {channels: 64}, pool: average}
    precision: fp32
    limits: {parameters: 1e6, macs: 1e8}
    """
}

@Suite("Bad space files")
struct BadFileTests {
  static let table: [BadFile] = [
    // The file as a whole.
    BadFile(
      "name: good", "name good",
      "bad.yaml:3: the file is no YAML: could not find expected ':'"),
    BadFile(
      "classes: 10", "classes: 10\nclasses: 11",
      "bad.yaml:4: a key stands twice 'classes'; keys are unique"),
    BadFile(
      "version: 1", "version: 2",
      "bad.yaml:1: version: unknown version of the format '2'; this program reads version 1"),
    BadFile(
      "version: 1\n", "", "bad.yaml:1: a key is missing 'version'; a space file starts with 'version: 1'"),
    BadFile("name: good\n", "", "bad.yaml:1: a key is missing 'name'; a space has a name"),
    BadFile(
      "name: good", "name: 'so good'",
      "bad.yaml:2: name: this is no name 'so good'; a name starts with a letter and has at most 64 letters, digits, "
        + "'_' and '-'"),
    BadFile(
      "classes: 10", "clases: 10",
      "bad.yaml:4: unknown key 'clases'; the keys are version, name, input, classes, width, stem, stages, head, "
        + "precision, limits; did you mean 'classes'?"),
    BadFile(
      "classes: 10", "classes: ten",
      "bad.yaml:4: classes: this is no whole number 'ten'; a whole number from 1 to 100000 is needed"),
    BadFile(
      "classes: 10", "classes: [10, 20]",
      "bad.yaml:4: classes: this is not one number; a whole number from 1 to 100000 is needed"),
    BadFile(
      "classes: 10", "classes: 10\ndecoder: {parent: models/parent}",
      "bad.yaml:5: decoder: decoder spaces come with the language models; this version reads spaces of image "
        + "networks; describe an image network with input, stem and stages"),
    // Input.
    BadFile(
      "channels: 3,", "channels: 0,",
      "bad.yaml:3: input.image.channels: the number is out of bounds '0'; a whole number from 1 to 64 is needed"
    ),
    BadFile(
      "[24, 32]", "[{height: 24, width: 32}, {height: 32, width: 24}]",
      "bad.yaml:3: input.image.size: no size is the largest in height and in width; one of the sizes is the native "
        + "one, and the others are made from it"),
    BadFile(
      "[24, 32]", "[24, {height: 32}]",
      "bad.yaml:3: input.image.size[1]: a key is missing 'width'; a pair is written {height: 3, width: 5}"),
    BadFile(
      "mean: 127.5", "mean: [1, 2]",
      "bad.yaml:3: input.image.mean: the list does not fit the channels '2 numbers'; one number for all channels, or "
        + "one for each of the 3"),
    BadFile(
      "mean: 127.5", "deviation: 0",
      "bad.yaml:3: input.image.deviation: this is no usable number '0'; pixels are 0…255; "
        + "y = (pixel - mean) / deviation, deviation above 0"),
    // Width.
    BadFile(
      "width: [0.5, 1.0]", "width: [1, 1.0]",
      "bad.yaml:5: width[1]: a value stands twice '1'; the values of a choice differ"),
    BadFile(
      "width: [0.5, 1.0]", "width: [0.97, 1.0]",
      "bad.yaml:5: width: two choices give the same network '0.97, 1'; channels are rounded to multiples of 8, and "
        + "no place tells these widths apart"),
    BadFile(
      "width: [0.5, 1.0]", "width: -1",
      "bad.yaml:5: width: the number is out of bounds '-1'; a number above 0 and up to 16 is needed"),
    // Stem and head.
    BadFile(
      "stem: {conv: {channels: 16, kernel: 3, activation: relu}}", "stem: {channels: 16}",
      "bad.yaml:6: stem: unknown key 'channels'; write stem: {conv: {channels: 16}}"),
    BadFile(
      "activation: relu}}", "activation: hswich}}",
      "bad.yaml:6: stem.conv.activation: unknown activation 'hswich'; legal are relu, relu6, hswish, swish; "
        + "did you mean 'hswish'?"),
    BadFile(
      "kernel: 3, activation", "kernel: 4, activation",
      "bad.yaml:6: stem.conv.kernel: the number is even '4'; a kernel is odd, so that it has a centre"),
    BadFile(
      "pool: average", "pool: max",
      "bad.yaml:21: head.pool: unknown pool 'max'; legal are average"),
    // Stages.
    BadFile(
      "depth: [1, 2]", "depth: []",
      "bad.yaml:9: stages[0].depth: the list is empty; a choice has at least one value"),
    BadFile(
      "depth: [1, 2]", "depth: [1, 2, 2]",
      "bad.yaml:9: stages[0].depth[2]: a value stands twice '2'; the values of a choice differ"),
    BadFile(
      "depth: [1, 2]", "depth: [0, 1]",
      "bad.yaml:9: stages[0].depth[0]: the number is out of bounds '0'; a whole number from 1 to 64 is needed"
    ),
    BadFile(
      "name: late", "name: early",
      "bad.yaml:12: stages[1]: two stages have one name 'early'; names are unique"),
    BadFile(
      "name: late", "name: head",
      "bad.yaml:12: stages[1].name: the name is taken 'head'; stages are not called resolution, width, stem, head, "
        + "image, classifier"),
    BadFile(
      "per_block: true", "per_block: yes",
      "bad.yaml:15: stages[1].per_block: this is neither true nor false 'yes'; write true or false"),
    BadFile(
      "    stride: 2\n", "    strides: 2\n",
      "bad.yaml:10: stages[0]: unknown key 'strides'; the keys are name, depth, per_block, stride, channels, block; "
        + "did you mean 'stride'?"),
    BadFile(
      "se: [false, true]", "stride: 2",
      "bad.yaml:10: stages[0].stride: the stride stands twice '2'; it is a key of the stage; remove it in line 11"
    ),
    BadFile(
      "    channels: 32\n", "",
      "bad.yaml:12: stages[1]: a key is missing 'channels'; write them on the stage or in its kinds of blocks"
    ),
    BadFile(
      "    per_block: true\n", "",
      "bad.yaml:16: stages[1].block: skip needs blocks that choose for themselves 'skip'; a whole stage cannot be "
        + "skipped; write per_block: true on the stage"),
    BadFile(
      "depth: 3", "depth: [2, 3]",
      "bad.yaml:17: stages[1].block: skip in a stage of elastic depth 'skip'; both would describe the same networks "
        + "twice; give the stage one depth, or remove skip"),
    // Blocks.
    BadFile(
      "{mbconv: {channels", "{mbcnv: {channels",
      "bad.yaml:11: stages[0].block: unknown kind of block 'mbcnv'; the kinds are mbconv, fused_mbconv, conv, "
        + "bottleneck, shuffle, skip; did you mean 'mbconv'?"),
    BadFile(
      "kernel: [3, 5], expand", "kernal: [3, 5], expand",
      "bad.yaml:11: stages[0].block.mbconv: unknown key 'kernal'; mbconv has the keys channels, kernel, expand, se, "
        + "activation, stride; did you mean 'kernel'?"),
    BadFile(
      "kernel: [3, 5]", "kernel: [3, 6]",
      "bad.yaml:11: stages[0].block.mbconv.kernel[1]: the number is even '6'; a kernel is odd, so that it has a centre"
    ),
    BadFile(
      "expand: [2, 4]", "expand: [2, 2.1]",
      "bad.yaml:11: early.mbconv.expand: two choices give the same network '2, 2.1'; both make 16 channels out of 8, "
        + "since products are rounded to multiples of 8"),
    BadFile(
      "expand: [2, 4]", "expand: [0.5, 4]",
      "bad.yaml:11: stages[0].block.mbconv.expand[0]: the number is out of bounds '0.5'; an inverted residual "
        + "expands: at least 1"),
    BadFile(
      "se: [false, true]", "se: [true, 0.25]",
      "bad.yaml:11: stages[0].block.mbconv.se[1]: a value stands twice 'true'; the values of a choice differ"),
    BadFile(
      "se: [false, true]", "se: [0.25, 0.26]",
      "bad.yaml:11: early.mbconv.se: two choices give the same network 'true, 0.26'; both squeeze 16 channels to 8, "
        + "a multiple of 8"),
    BadFile(
      "se: [false, true]", "se: maybe",
      "bad.yaml:11: stages[0].block.mbconv.se: this is no squeeze-excite 'maybe'; write true, false, or a ratio such "
        + "as 0.25"),
    BadFile(
      "groups: 2", "groups: 3",
      "bad.yaml:19: late.bottleneck.groups: the groups do not divide the channels '3'; the block can have 8 hidden "
        + "channels"),
    BadFile(
      "- skip", "- skip: {depth: 1}",
      "bad.yaml:20: stages[1].block.choose[2]: skip has no keys 'skip'; write just skip"),
    BadFile(
      "- bottleneck: {expand: 0.5, groups: 2}", "- mbconv: {kernel: 5}",
      "bad.yaml:19: stages[1].block.choose[1]: two kinds to choose from have one name 'mbconv'; candidates are told "
        + "apart by name, and line 18 has this one; add a name, as in mbconv: {name: k3_e6, kernel: 3}"),
    BadFile(
      "- bottleneck: {expand: 0.5, groups: 2}", "- mbconv: {name: again, kernel: [3, 5], expand: 6}",
      "bad.yaml:19: stages[1].block.choose[1]: two candidates give the same block 'again'; candidate 'mbconv' in line "
        + "18 has these settings too"),
    BadFile(
      "- bottleneck: {expand: 0.5, groups: 2}", "- choose: [skip]",
      "bad.yaml:19: stages[1].block.choose[1]: unknown kind of block 'choose'; the kinds are mbconv, fused_mbconv, "
        + "conv, bottleneck, shuffle, skip"),
    BadFile(
      "- mbconv: {kernel: 3, expand: [3, 6]}", "- mbconv: {kernel: 3, channels: 24}",
      "bad.yaml:13: stages[1].channels: the channels stand twice '32'; all blocks of a stage give the same channels; "
        + "remove them in line 18"),
    // Precision and limits.
    BadFile(
      "precision: fp32", "precision: [fp32, int8]",
      "bad.yaml:22: precision[1]: the precision is not searched over 'int8'; networks are trained and searched in fp32; "
        + "write precision: fp32, and quantise the winner with quoin quantize"),
    BadFile(
      "precision: fp32", "precision: fp16",
      "bad.yaml:22: precision: unknown precision 'fp16'; legal are fp32"),
    BadFile(
      "macs: 1e8", "flops: 1e8",
      "bad.yaml:23: limits: unknown key 'flops'; the keys are parameters, macs"),
    BadFile(
      "macs: 1e8", "macs: nan",
      "bad.yaml:23: limits.macs: this is no number 'nan'; a number above 0 and up to 1000000000000000 is needed"
    ),
    BadFile(
      "macs: 1e8", "macs: 1e3",
      "bad.yaml: limits: no network keeps the limits; the smallest network has 398912 MACs and 2578 parameters; "
        + "raise the limits or offer smaller choices"),
  ]

  @Test("the unchanged file is good")
  func good() throws { #expect(try SearchSpace(yaml: BadFile.good).classes == 10) }

  @Test("a bad file gets one clear message", arguments: table)
  func message(file: BadFile) throws {
    let text = BadFile.good.replacingOccurrences(of: file.replace, with: file.by)
    try #require(text != BadFile.good)
    let error = #expect(throws: Diagnostic.self) { try SearchSpace(yaml: text, file: "bad.yaml") }
    #expect(error?.description == file.message)
    #expect(error?.exitCode == (file.message.contains("keeps the limits") ? 2 : 65))
  }
}
