import Report
import Testing

@Suite("Numbers of the report")
struct NumbersTests {
  @Test("axes cover their values with round ticks")
  func axes() {
    let cases: [(values: [Double], ticks: [Double])] = [
      ([0, 10], [0, 2, 4, 6, 8, 10]), ([0.7, 4.1], [1, 2, 3, 4]),
      ([0.81, 0.86], [0.81, 0.82, 0.83, 0.84, 0.85, 0.86]),
      ([], [0, 0.2, 0.4, 0.6, 0.8, 1]),
    ]
    for (values, ticks) in cases {
      let axis = Axis(covering: values)
      #expect(axis.ticks.count == ticks.count)
      #expect(zip(axis.ticks, ticks).allSatisfy { abs($0 - $1) < 1e-9 }, "\(values): \(axis.ticks)")
      #expect(values.allSatisfy { (0...1).contains(axis.position($0)) })
    }
  }

  @Test("every range has an end, a start, and few ticks")
  func strangeAxes() {
    for values in [[3], [0], [-5, -5], [1e-9, 2e-9], [1e9, 1e9 + 1], [.nan, .infinity], [-1e11, 1e11]] {
      let axis = Axis(covering: values)
      #expect(axis.upper > axis.lower)
      #expect((1...12).contains(axis.ticks.count), "\(values): \(axis.ticks)")
    }
  }

  @Test("the errors of a predictor")
  func errors() throws {
    let pairs = [(1.0, 1.0), (2.1, 2.0), (3.3, 3.0), (5.0, 4.0)].map {
      LatencyPrediction(predictedMilliseconds: $0.0, measuredMilliseconds: $0.1)
    }
    let errors = try #require(PredictionErrors(pairs))
    #expect(abs(errors.meanRelative - (0 + 0.05 + 0.1 + 0.25) / 4) < 1e-9)
    #expect(abs(errors.medianRelative - 0.075) < 1e-9)
    #expect(errors.rankCorrelation == 1)
    #expect(PredictionErrors([.init(predictedMilliseconds: 1, measuredMilliseconds: 0)]) == nil)
  }

  @Test("rank correlation of reversed and tied values")
  func ranks() throws {
    func correlation(_ predicted: [Double], _ measured: [Double]) -> Double? {
      PredictionErrors(
        zip(predicted, measured).map { .init(predictedMilliseconds: $0, measuredMilliseconds: $1) })?
        .rankCorrelation
    }
    #expect(correlation([3, 2, 1], [1, 2, 3]) == -1)
    let tied = try #require(correlation([1, 1, 2, 3], [1, 2, 3, 4]))
    #expect(abs(tied - 0.948_683_298) < 1e-6)
  }

  @Test("the Pareto front keeps what nothing beats")
  func front() {
    let points = [(2.0, 0.8), (1, 0.5), (3, 0.8), (1, 0.6), (4, 0.9), (3.5, 0.7)].map {
      CandidatePoint(method: "m", measuredMilliseconds: $0.0, accuracy: $0.1)
    }
    let front = ParetoPlot.front(of: points)
    #expect(front.map(\.measuredMilliseconds) == [1, 2, 4])
    #expect(front.map(\.accuracy) == [0.6, 0.8, 0.9])
  }

  @Test("labels keep out of each other's way while there is room")
  func labels() {
    var placer = LabelPlacer(bounds: .init(x: 0, y: 0, width: 200, height: 100))
    let boxes = [100.0, 105, 110].map { placer.place(width: 40, height: 16, near: $0, 50, gap: 6) }
    for first in boxes.indices {
      for second in boxes.indices where second > first { #expect(boxes[first].overlap(boxes[second]) == 0) }
    }
  }

  @Test("numbers as text")
  func texts() {
    let cases = [
      (NumberText.milliseconds(0.123456), "0.123 ms"), (NumberText.milliseconds(1.005), "1.00 ms"),
      (NumberText.milliseconds(45.67), "45.7 ms"), (NumberText.milliseconds(.nan), "–"),
      (NumberText.budget(2), "2 ms"),
      (NumberText.budget(0.35), "0.35 ms"), (NumberText.points(0.0123), "+1.2"),
      (NumberText.points(-0.0123), "−1.2"),
      (NumberText.points(-0.00001), "0.0"), (NumberText.count(512), "512"),
      (NumberText.count(31_050_000), "31.05 M"),
      (NumberText.count(257_600), "257.6 k"), (NumberText.duration(0.42), "0.42 s"),
      (NumberText.duration(245), "4 min 05 s"),
      (NumberText.duration(4_320), "1 h 12 min"), (NumberText.duration(.infinity), "–"),
      (NumberText.percent(0.8123), "81.2 %"),
    ]
    for (text, expected) in cases { #expect(text == expected) }
  }
}
