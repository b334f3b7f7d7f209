import Foundation
import FoundationXML
import Report
import Testing

@Suite("Panels of predictions")
struct PredictionPanelsTests {
  private func panels(_ devices: Int, points: Int, factor: Double = 1.001) -> PredictionPanels {
    PredictionPanels(
      title: "A <b> & \"c\"", unit: "ms",
      panels: (0..<devices).map { device in
        PredictionPanels.Panel(
          title: "device \(device)", note: "ρ 1",
          points: (0..<points).map { index in
            let latency = pow(factor, Double(index))
            return .init(measured: latency, predicted: latency * 1.02, lower: latency * 0.9, upper: latency * 1.1)
          })
      })
  }

  private func count(_ part: String, in text: String) -> Int { text.components(separatedBy: part).count - 1 }

  @Test("the figure is well-formed, has a panel per device, and is small", arguments: [1, 3, 15])
  func wellFormed(devices: Int) {
    let source = panels(devices, points: 2000).svg()
    #expect(XMLParser(data: Data(source.utf8)).parse())
    #expect(count("class=\"points\"", in: source) == devices)
    #expect(source.contains("A &lt;b&gt; &amp;") && source.utf8.count < 150_000, "\(source.utf8.count)")
  }

  @Test("points are thinned out evenly, first and last included")
  func thinned() throws {
    let source = panels(1, points: 2000).svg()
    #expect(count("h0", in: source) == 400)
    #expect(count("h0", in: panels(1, points: 7).svg()) == 7)
  }

  @Test("what cannot be drawn is left out")
  func unusable() {
    let bad = [(0, 1), (1, .nan), (.infinity, 1), (1, 1)].map { measured, predicted in
      PredictionPanels.Point(measured: measured, predicted: predicted, lower: 0, upper: .infinity)
    }
    let source = PredictionPanels(title: "t", unit: "ms", panels: [.init(title: "d", note: "", points: bad)]).svg()
    #expect(count("h0", in: source) == 1 && !source.contains("nan") && !source.contains("inf"))
    #expect(XMLParser(data: Data(PredictionPanels(title: "t", unit: "ms", panels: []).svg().utf8)).parse())
  }

  @Test("logarithmic axes cover their values, equal factors have equal lengths, and ticks are few")
  func logarithmic() {
    for values in [[0.003, 40], [1, 30], [5], [], [1e-9, 1e9], [-1, 0, 2]] {
      let axis = Axis(logarithmicCovering: values)
      let positive = values.filter { $0 > 0 }
      #expect(positive.allSatisfy { (0...1).contains(axis.position($0)) }, "\(values)")
      #expect(axis.ticks.allSatisfy { (0...1).contains(axis.position($0)) }, "\(values): \(axis.ticks)")
      #expect(axis.ticks.count <= 12, "\(values): \(axis.ticks)")
    }
    let axis = Axis(logarithmicCovering: [0.01, 100])
    #expect(abs(axis.position(1) - 0.5) < 1e-12)
    #expect(abs((axis.position(10) - axis.position(1)) - (axis.position(1) - axis.position(0.1))) < 1e-12)
    #expect(zip(axis.ticks, [0.01, 0.1, 1, 10, 100]).allSatisfy { abs($0 / $1 - 1) < 1e-9 } && axis.ticks.count == 5)
  }
}
