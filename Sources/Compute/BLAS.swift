import COpenBLAS
import Diagnostics

/// Dense matrix products by OpenBLAS, loaded on first use with the right kernels for this processor.
///
/// OpenBLAS 0.3.21 does not know recent processors and falls back to slow kernels, so the choice is made here from what
/// the processor can do. Every call runs on the calling thread alone; parallelism is the ``ThreadPool``'s business.
public enum BLAS {
  /// Loads the library. Calling it again costs nothing.
  ///
  /// - Throws: ``Diagnostic`` where the library is not installed.
  public static func load() throws {
    if let problem = loading { throw problem }
  }

  /// The outcome of loading; a lazy global, so that it happens once for all threads.
  private static let loading: Diagnostic? = {
    guard let problem = quoin_openblas_load(coreType) else { return nil }
    return Diagnostic(
      .failure, "OpenBLAS cannot be loaded", value: String(cString: problem),
      rule: "matrix products need libopenblas.so.0", remedy: "run 'apt-get install libopenblas0'")
  }()

  /// The kernels to ask for, or `nil` where OpenBLAS's own choice stands.
  private static var coreType: String? {
    switch ISA.native {
    case .avx512, .amx: "SkylakeX"
    case .avx2: "Haswell"
    case .portable: nil
    }
  }

  /// The version and the kernels in use, such as `OpenBLAS 0.3.21 …, SkylakeX kernels`, or why it is not loaded.
  public static var description: String {
    if let problem = loading { return problem.description }
    let version = String(cString: quoin_openblas_config()).split(separator: " ").prefix(2).joined(
      separator: " ")
    return "\(version), \(core) kernels, 1 thread per call"
  }

  /// The kernels in use, such as `SkylakeX`; empty where the library is not loaded.
  public static var core: String { loading == nil ? String(cString: quoin_openblas_core()) : "" }

  /// C = alpha · op(A) · op(B) + beta · C in row-major order, on the calling thread.
  ///
  /// op(A) is m×k, op(B) is k×n, C is m×n; the leading dimensions are the row strides as stored. Where `beta` is 0, C is
  /// written without being read.
  ///
  /// - Precondition: ``load()`` has succeeded.
  public static func gemm(
    transposeA: Bool = false, transposeB: Bool = false, m: Int, n: Int, k: Int, alpha: Float = 1,
    a: UnsafePointer<Float>, lda: Int, b: UnsafePointer<Float>, ldb: Int, beta: Float = 0,
    c: UnsafeMutablePointer<Float>, ldc: Int
  ) {
    quoin_openblas_sgemm(
      transposeA ? 1 : 0, transposeB ? 1 : 0, Int32(m), Int32(n), Int32(k), alpha, a, Int32(lda), b,
      Int32(ldb),
      beta, c, Int32(ldc))
  }
}

extension BLAS {
  /// Factors a symmetric positive definite matrix A in row-major order, of which the lower triangle is read: A = L · Lᵀ, and
  /// L takes the place of the lower triangle.
  ///
  /// - Returns: Whether A is positive definite; otherwise the content is of no use.
  /// - Precondition: ``load()`` has succeeded; there are `size`² numbers.
  public static func factor(_ matrix: inout [Double], size: Int) -> Bool {
    precondition(matrix.count == size * size, "the matrix is square")
    return matrix.withUnsafeMutableBufferPointer { matrix in
      matrix.baseAddress.map { quoin_openblas_dpotrf(Int32(size), $0) == 0 } ?? true
    }
  }

  /// A⁻¹ · b for right sides of `size` numbers each, one after the other, with the factor of ``factor(_:size:)``.
  ///
  /// - Precondition: ``load()`` has succeeded.
  public static func solve(factor: [Double], size: Int, _ right: [Double]) -> [Double] {
    precondition(factor.count == size * size && (size == 0 ? right.isEmpty : right.count % size == 0), "sizes agree")
    guard size > 0 else { return [] }
    var solution = right
    quoin_openblas_dpotrs(Int32(size), factor, Int32(right.count / size), &solution)
    return solution
  }
}
