/// How numbers of channels that come out of a product become whole.
enum ChannelRounding {
  /// The nearest multiple of 8, at least 8, and never less than nine tenths of `value` (the convention of MobileNetV2,
  /// Sandler et al., 2018; multiples of 8 fill vector registers).
  static func rounded(_ value: Double) -> Int {
    let nearest = max(8, Int(value / 8 + 0.5) * 8)
    return Double(nearest) < 0.9 * value ? nearest + 8 : nearest
  }

  /// `factor` times `channels`: exactly these where the factor is 1, else rounded, and on the factor's side of
  /// `channels`, so that a larger factor never gives fewer.
  static func product(_ channels: Int, _ factor: Double) -> Int {
    guard factor != 1 else { return channels }
    let product = rounded(Double(channels) * factor)
    return factor < 1 ? min(channels, product) : max(channels, product)
  }

  /// The channels inside a block: `expand` times the input's (inverted residuals) or the output's (bottleneck and
  /// shuffle blocks).
  static func hidden(_ kind: BlockKind, input: Int, output: Int, expand: Double) -> Int {
    product(kind == .mbconv || kind == .fusedMBConv ? input : output, expand)
  }

  /// The channels between the two convolutions of a squeeze-excite.
  static func squeezed(_ hidden: Int, ratio: Double) -> Int { rounded(Double(hidden) * ratio) }
}
