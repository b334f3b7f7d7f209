/// An elementwise non-linearity.
public enum Activation: String, Hashable, Sendable, Codable, CaseIterable {
  /// The value itself.
  case identity
  /// max(x, 0)
  case relu
  /// min(max(x, 0), 6)
  case relu6
  /// x · hsigmoid(x) (Howard et al., "Searching for MobileNetV3", 2019)
  case hswish
  /// min(max(x/6 + 1/2, 0), 1)
  case hsigmoid
  /// x · sigmoid(x), also called SiLU
  case swish
  /// 1 / (1 + exp(−x))
  case sigmoid
}
