/// A dense matrix, row after row; for statistics with up to some hundred columns.
package struct Matrix: Hashable, Sendable {
  package let rows: Int
  package let columns: Int
  package private(set) var values: [Double]

  /// A matrix of zeros.
  package init(rows: Int, columns: Int) {
    (self.rows, self.columns) = (rows, columns)
    values = Array(repeating: 0, count: rows * columns)
  }

  /// A matrix of given values.
  package init(rows: Int, columns: Int, _ values: [Double]) {
    precondition(values.count == rows * columns, "every row has a value per column")
    (self.rows, self.columns, self.values) = (rows, columns, values)
  }

  /// 1 on the diagonal.
  package static func identity(_ size: Int) -> Matrix {
    var result = Matrix(rows: size, columns: size)
    for i in 0..<size { result[i, i] = 1 }
    return result
  }

  package subscript(row: Int, column: Int) -> Double {
    get { values[row * columns + column] }
    set { values[row * columns + column] = newValue }
  }

  /// A row.
  func row(_ row: Int) -> ArraySlice<Double> { values[row * columns..<(row + 1) * columns] }

  /// A column.
  func column(_ column: Int) -> [Double] { (0..<rows).map { self[$0, column] } }

  /// Some of the rows.
  func rows(_ chosen: some Collection<Int>) -> Matrix {
    Matrix(rows: chosen.count, columns: columns, chosen.flatMap { row($0) })
  }

  /// Changes all values.
  func map(_ transform: (Double) -> Double) -> Matrix { Matrix(rows: rows, columns: columns, values.map(transform)) }

  package var transposed: Matrix {
    var result = Matrix(rows: columns, columns: rows)
    for i in 0..<rows { for j in 0..<columns { result[j, i] = self[i, j] } }
    return result
  }

  /// The sum of the products of equal places.
  func dot(_ other: Matrix) -> Double { zip(values, other.values).reduce(0) { $0 + $1.0 * $1.1 } }

  package static func + (a: Matrix, b: Matrix) -> Matrix {
    precondition(a.rows == b.rows && a.columns == b.columns)
    return Matrix(rows: a.rows, columns: a.columns, zip(a.values, b.values).map { $0 + $1 })
  }

  /// The matrix product.
  package static func * (a: Matrix, b: Matrix) -> Matrix {
    precondition(a.columns == b.rows)
    var result = Matrix(rows: a.rows, columns: b.columns)
    let (width, depth) = (b.columns, a.columns)
    result.values.withUnsafeMutableBufferPointer { c in
      a.values.withUnsafeBufferPointer { a in
        b.values.withUnsafeBufferPointer { b in
          for i in 0..<c.count / max(1, width) {
            for k in 0..<depth where a[i * depth + k] != 0 {
              let factor = a[i * depth + k]
              for j in 0..<width { c[i * width + j] += factor * b[k * width + j] }
            }
          }
        }
      }
    }
    return result
  }

  package static func * (a: Matrix, vector: [Double]) -> [Double] {
    precondition(a.columns == vector.count)
    return (0..<a.rows).map { row in
      var sum = 0.0
      for k in 0..<a.columns { sum += a.values[row * a.columns + k] * vector[k] }
      return sum
    }
  }

  /// The Kronecker product.
  package func kronecker(_ other: Matrix) -> Matrix {
    var result = Matrix(rows: rows * other.rows, columns: columns * other.columns)
    for i in 0..<result.rows {
      for j in 0..<result.columns {
        result[i, j] = self[i / other.rows, j / other.columns] * other[i % other.rows, j % other.columns]
      }
    }
    return result
  }

  /// Σ weights[i] · row i · (row i)ᵀ.
  package func gram(weights: [Double]? = nil) -> Matrix {
    var result = Matrix(rows: columns, columns: columns)
    let (width, whole) = (columns, rows - rows % 4)
    result.values.withUnsafeMutableBufferPointer { gram in
      values.withUnsafeBufferPointer { x in
        // Four rows at once, so that a sum is loaded and stored once for four products.
        for row in stride(from: 0, to: whole, by: 4) {
          let (a, b, c, d) = (row * width, (row + 1) * width, (row + 2) * width, (row + 3) * width)
          let (p, q, r, s) = weights.map { ($0[row], $0[row + 1], $0[row + 2], $0[row + 3]) } ?? (1, 1, 1, 1)
          for i in 0..<width {
            let (e, f, g, h) = (p * x[a + i], q * x[b + i], r * x[c + i], s * x[d + i])
            for j in 0...i { gram[i * width + j] += e * x[a + j] + f * x[b + j] + g * x[c + j] + h * x[d + j] }
          }
        }
        for row in whole..<rows {
          for i in 0..<width {
            let factor = (weights?[row] ?? 1) * x[row * width + i]
            for j in 0...i { gram[i * width + j] += factor * x[row * width + j] }
          }
        }
        for i in 0..<width { for j in 0..<i { gram[j * width + i] = gram[i * width + j] } }
      }
    }
    return result
  }
}
