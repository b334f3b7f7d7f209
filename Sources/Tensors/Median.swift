extension Array<Double> {
  /// The middle of values in order, or the mean of the two middle ones.
  ///
  /// - Precondition: there is at least one value.
  package var medianOfSorted: Double { (self[(count - 1) / 2] + self[count / 2]) / 2 }
}

/// The middle of values in any order, or the mean of the two middle ones; 0 for none.
package func median(_ values: [Double]) -> Double { values.isEmpty ? 0 : values.sorted().medianOfSorted }
