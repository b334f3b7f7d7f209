import Networks
import Tensors

extension ONNXImporter {
  mutating func pool(_ node: ONNXNodeReader, _ kind: Pool.Kind) throws {
    try node.require(try node.extent("dilations") == .one, "windows are not dilated")
    try node.require(node.has("kernel_shape"), "kernel_shape is stated")
    let input = try operand(node)
    let image = try image(input, node)
    let (kernel, stride) = (try node.extent("kernel_shape"), try node.extent("strides"))
    var padding = try node.padding(image, kernel: kernel, stride: stride)
    if kind == .average, node.integer("count_include_pad", default: 0) != 0, padding != .zero {
      try node.require(node.integer("ceil_mode", default: 0) == 0, "a mean that counts the padding does not round up")
      return try meanWithPadding(node, input, kernel, stride, padding)
    }
    if node.integer("ceil_mode", default: 0) != 0 {
      padding.bottom += missing(image.height, padding.top, padding.bottom, kernel.height, stride.height)
      padding.right += missing(image.width, padding.left, padding.right, kernel.width, stride.width)
    }
    try define(node, .pool(Pool(kind, kernel: kernel, stride: stride, padding: padding)), [input])
  }

  /// How far a last window that begins inside the image, or the border before it, reaches over the end.
  private func missing(_ size: Int, _ start: Int, _ end: Int, _ kernel: Int, _ stride: Int) -> Int {
    let span = size + start + end - kernel
    guard span >= 0, span % stride != 0 else { return 0 }
    let last = (span / stride + 1) * stride
    return last < size + start ? last - span : 0
  }

  /// A mean that counts the padding is a depthwise convolution with equal weights.
  private mutating func meanWithPadding(
    _ node: ONNXNodeReader, _ input: Network.ValueID, _ kernel: Extent, _ stride: Extent, _ padding: Padding
  ) throws {
    let channels = builder.shape(input)[1]
    let taps = kernel.height * kernel.width
    try node.require(taps <= 1 << 12, "the window is at most 64 × 64", value: "\(taps)")
    try charge(channels * taps)
    let op = Convolution(channels: channels, kernel: kernel, stride: stride, padding: padding, groups: channels)
    let weight = Tensor([channels, 1, kernel.height, kernel.width], repeating: 1 / Float(taps))
    try define(node, .convolution(op), [input], [("weight", weight)])
  }

  mutating func globalMaximum(_ node: ONNXNodeReader) throws {
    let input = try operand(node)
    try define(node, .pool(Pool(.maximum, kernel: image(input, node), stride: .one)), [input])
  }

  /// Resizing to a constant size.
  mutating func resize(_ node: ONNXNodeReader) throws {
    let input = try operand(node)
    let image = try image(input, node)
    try node.require(
      node.integer("antialias", default: 0) == 0
        && node.input(1).map { _ in try constant(node, 1)?.reals.isEmpty ?? false } ?? true,
      "resizing is without anti-aliasing and without a region")
    let extent = try size(node, builder.shape(input))
    let stated = node.text("coordinate_transformation_mode", default: "half_pixel")
    // The two modes differ where one row or column remains.
    try node.require(
      stated != "pytorch_half_pixel"
        || (extent.height > 1 || image.height == 1) && (extent.width > 1 || image.width == 1),
      "pytorch_half_pixel is for more than one row and column")
    guard let coordinates = Resampling.Coordinates(rawValue: stated == "pytorch_half_pixel" ? "half_pixel" : stated)
    else {
      throw node.unusable(
        "this form is not supported", value: stated, rule: "pixels are half_pixel, asymmetric or align_corners")
    }
    switch node.text("mode", default: "nearest") {
    case "linear" where coordinates == .halfPixel:
      try define(node, .resize(height: extent.height, width: extent.width), [input])
    case "linear":
      try define(node, .resample(Resampling(extent, mode: .linear, coordinates: coordinates)), [input])
    case "nearest":
      let stated = node.text("nearest_mode", default: "round_prefer_floor")
      guard let rounding = Resampling.Rounding(rawValue: stated) else {
        throw node.unusable("this form is not supported", value: stated, rule: "nearest_mode is one of the standard's")
      }
      try define(node, .resample(Resampling(extent, mode: .nearest(rounding), coordinates: coordinates)), [input])
    case let mode: throw node.unusable("this form is not supported", value: mode, rule: "the mode is linear or nearest")
    }
  }

  private mutating func size(_ node: ONNXNodeReader, _ shape: Shape) throws -> Extent {
    if node.input(3) != nil {
      let sizes = try constant(node, 3)?.integers ?? []
      try node.require(
        sizes.count == 4 && sizes[1] == shape[1] && sizes[2...].allSatisfy { (1..<1 << 20).contains($0) },
        "the sizes are constant, and the channels are kept", value: "\(sizes.prefix(8))")
      return Extent(height: sizes[2], width: sizes[3])
    }
    let scales = try constant(node, 2)?.reals ?? []
    try node.require(
      scales.count == 4 && scales[0] == 1 && scales[1] == 1 && scales[2...].allSatisfy { $0 > 0 && $0 < 1024 },
      "the scales are constant, and batch and channels are kept", value: "\(scales.prefix(8))")
    // In FP32 as ONNX Runtime computes it.
    let size = Extent(height: Int(Float(shape[2]) * scales[2]), width: Int(Float(shape[3]) * scales[3]))
    let isExact = [(size.height, shape[2], scales[2]), (size.width, shape[3], scales[3])].allSatisfy {
      abs(Float($0) - Float($1) * $2) < 1e-3
    }
    try node.require(isExact, "the scales give a whole number of rows and columns", value: "\(scales)")
    return size
  }

  /// Zeros around an image, which a convolution takes over.
  mutating func pad(_ node: ONNXNodeReader) throws {
    let value: Float = try constant(node, 2)?.reals.first ?? node.real("value", default: 0)
    try node.require(node.text("mode", default: "constant") == "constant" && value == 0, "the border is of zeros")
    try node.require(node.input(3) == nil, "all axes are stated")
    let pads = try integers(node, attribute: "pads", input: 1) ?? []
    try node.require(
      pads.count == 8 && pads.allSatisfy { (0..<1 << 20).contains($0) } && [0, 1, 4, 5].allSatisfy { pads[$0] == 0 },
      "the border is around the image", value: "\(pads.prefix(8))")
    let input = try operand(node)
    _ = try image(input, node)
    try define(node, .padded(input, Padding(top: pads[2], left: pads[3], bottom: pads[6], right: pads[7])))
  }
}
