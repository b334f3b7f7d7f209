/// The score that one more of the same kind stays within at a level: the ⌈level · (n + 1)⌉-th smallest (Vovk et al.,
/// "Algorithmic Learning in a Random World", 2005), or the largest where there are too few.
///
/// - Precondition: there is a score.
func conformalQuantile(_ scores: [Double], level: Double = 0.9) -> Double {
  let rank = Int((level * Double(scores.count + 1)).rounded(.up))
  return scores.sorted()[min(rank, scores.count) - 1]
}
