import Foundation

/// Numbers as text, the same in every locale; a dash stands for what is not finite.
package enum NumberText {
  private static let dash = "–"

  /// With a fixed number of decimals, and a true minus sign.
  static func fixed(_ value: Double, _ decimals: Int) -> String {
    guard value.isFinite else { return dash }
    let text = String(format: "%.\(decimals)f", value)
    let isZero = !text.contains { ("1"..."9").contains($0) }
    return text.hasPrefix("-") ? (isZero ? "" : "−") + text.dropFirst() : text
  }

  /// Three digits that matter, without trailing noise.
  package static func milliseconds(_ value: Double) -> String {
    guard value.isFinite else { return dash }
    return fixed(value, decimals(for: value)) + " ms"
  }

  /// A budget as the user wrote it: `2 ms`, not `2.00 ms`.
  package static func budget(_ value: Double) -> String { shortest(value) + " ms" }

  /// As few decimals as the number needs, at most four.
  static func shortest(_ value: Double) -> String {
    guard value.isFinite else { return dash }
    var text = fixed(value, 4)
    while text.contains("."), text.hasSuffix("0") || text.hasSuffix(".") { text.removeLast() }
    return text
  }

  private static func decimals(for value: Double) -> Int {
    switch abs(value) {
    case 100...: 0
    case 10..<100: 1
    case 1..<10: 2
    default: 3
    }
  }

  /// A fraction as a percentage.
  package static func percent(_ fraction: Double, _ decimals: Int = 1) -> String {
    fraction.isFinite ? fixed(100 * fraction, decimals) + " %" : dash
  }

  /// A difference of fractions in percentage points, with its sign.
  package static func points(_ fraction: Double, _ decimals: Int = 1) -> String {
    guard fraction.isFinite else { return dash }
    let text = fixed(100 * fraction, decimals)
    return (fraction > 0 && text.contains { ("1"..."9").contains($0) } ? "+" : "") + text
  }

  /// `512`, `12.3 k`, `4.56 M`, `1.20 G`.
  package static func count(_ value: Int) -> String {
    switch abs(value) {
    case ..<10_000: String(value)
    case ..<1_000_000: fixed(Double(value) / 1e3, 1) + " k"
    case ..<1_000_000_000: fixed(Double(value) / 1e6, 2) + " M"
    default: fixed(Double(value) / 1e9, 2) + " G"
    }
  }

  /// `0.42 s`, `12.3 s`, `4 min 05 s`, `1 h 12 min`.
  package static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, abs(seconds) < 1e9 else { return dash }
    let whole = Int(seconds.rounded())
    switch seconds {
    case ..<1: return fixed(seconds, 2) + " s"
    case ..<60: return fixed(seconds, 1) + " s"
    case ..<3600: return "\(whole / 60) min \(String(format: "%02d", whole % 60)) s"
    default: return "\(whole / 3600) h \(String(format: "%02d", whole / 60 % 60)) min"
    }
  }

  /// A coordinate of SVG.
  static func coordinate(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    let rounded = (value * 10).rounded() / 10
    return rounded == rounded.rounded() && abs(rounded) < 1e9
      ? String(Int(rounded)) : String(format: "%.1f", rounded)
  }
}
