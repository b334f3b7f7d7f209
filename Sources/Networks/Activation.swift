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
  /// x · Φ(x), with the normal distribution Φ (Hendrycks and Gimpel, "Gaussian error linear units", 2016)
  case gelu
  /// x · sigmoid(√(8/π) · (x + 0.044715 · x³)), the approximation of gelu by a hyperbolic tangent
  case geluTanh
  /// The hyperbolic tangent.
  case tanh
}
