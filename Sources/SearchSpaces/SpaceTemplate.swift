/// The space file that `quoin init` writes: small, complete, and with a comment for every part of the format.
public enum SpaceTemplate {
  /// The text of a space file for images of a data set.
  ///
  /// - Parameters:
  ///   - name: The space's name: a letter, then letters, digits, `_` and `-`.
  ///   - channels: The channels of the images.
  ///   - size: The height and width of the images; the smaller resolution on offer is three quarters of it.
  ///   - classes: The number of classes.
  public static func text(
    name: String = "my-space", channels: Int = 3, size: Int = 32, classes: Int = 10
  ) -> String {
    """
    # A search space: a skeleton of a network with choices in it.
    # One rule carries the format: wherever a value may stand, a list of values is a choice.
    # See what it describes with 'quoin space show' and 'quoin space sample'.

    version: 1
    name: \(name)

    # The images of the data set. Of several sizes the largest is the network's input; a smaller one is made from it
    # inside the network. Pixels 0…255 become (pixel - mean) / deviation; a list gives one number per channel.
    input: {image: {channels: \(channels), size: [\(max(1, size * 3 / 4)), \(max(2, size))], mean: 127.5, deviation: 63.75}}
    classes: \(classes)

    # Multiplies all channels; products are rounded to multiples of 8.
    width: [0.5, 1.0]

    # The first convolution. activation: relu, relu6, hswish or swish.
    stem: {conv: {channels: 16, kernel: 3, stride: 1, activation: relu}}

    stages:
      - name: early
        depth: [1, 2, 3]        # elastic depth: the first 1, 2 or 3 blocks
        stride: 2               # of the first block
        per_block: true         # each block chooses for itself; without it, the blocks of a stage choose together
        block:
          mbconv: {channels: 24, kernel: [3, 5], expand: [2, 4]}

      - name: late
        channels: 48            # all blocks of a stage give the same channels
        depth: 3
        stride: 2
        per_block: true
        block:
          choose:               # several kinds of blocks, each with choices of its own
            - mbconv: {kernel: [3, 5], expand: [3, 6], se: [false, true], activation: hswish}
            - fused_mbconv: {kernel: 3, expand: 2}
            - bottleneck: {kernel: 3, expand: [0.25, 0.5]}
            - shuffle: {kernel: 3, expand: 0.5, groups: 2}
            - conv: {kernel: 3}
            - skip              # no block; offered only where the shape is kept

    # A last 1x1 convolution, the mean over the image, and a fully connected layer for the classes.
    head: {conv: {channels: 128}, pool: average}

    precision: fp32

    # Every network drawn keeps these (remove what you do not need).
    limits: {parameters: 1e6, macs: 1e8}

    """
  }
}
