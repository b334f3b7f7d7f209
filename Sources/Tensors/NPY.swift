import Diagnostics
import Foundation

/// The `.npy` files of NumPy, format versions 1 to 3 (NumPy Enhancement Proposal 1).
public enum NPY {
  /// Reads a file.
  ///
  /// Floating-point numbers of 16, 32 and 64 bits, integers and booleans become FP32.
  ///
  /// - Throws: ``Diagnostic`` where the file is missing, damaged, of another element type, in Fortran order, or holds
  ///   integers that FP32 cannot represent.
  public static func read(_ path: String) throws -> Tensor { try decode(readFile(path), path: path) }

  /// Writes a file that holds little-endian FP32 in C order.
  ///
  /// - Throws: ``Diagnostic`` where the file cannot be written.
  public static func write(_ tensor: Tensor, to path: String) throws {
    try writeAtomically(encode(tensor), to: path)
  }

  /// Reads the bytes of a file; `path` is for messages.
  ///
  /// - Throws: ``Diagnostic`` as ``read(_:)`` does.
  public static func decode(_ data: Data, path: String) throws -> Tensor {
    let (header, start) = try NPYHeader.read(data, path: path)
    let place = Diagnostic.Place(file: path)
    let body = data.count - start
    let (bytes, overflows) = (header.shape.checkedElementCount ?? Int.max)
      .multipliedReportingOverflow(by: header.format.byteCount)
    guard !overflows, bytes == body else {
      throw Diagnostic(
        .unusableFile, "the file's length does not fit its shape", at: place, value: "\(body) bytes of data",
        rule: overflows ? "the shape \(header.shape) is too large" : "the shape \(header.shape) needs \(bytes) bytes")
    }
    let values = try data.withUnsafeBytes { all in
      try header.format.floats(UnsafeRawBufferPointer(rebasing: all[start...]), at: place)
    }
    return Tensor(header.shape, values)
  }

  /// The bytes of a file.
  public static func encode(_ tensor: Tensor) -> Data {
    let extents = tensor.shape.dimensions.map(String.init).joined(separator: ", ")
    let tuple = tensor.shape.rank == 1 ? "(\(extents),)" : "(\(extents))"
    var header = "{'descr': '<f4', 'fortran_order': False, 'shape': \(tuple), }"
    // The data starts at a multiple of 64 bytes, and a line end stands before it.
    let unpadded = 10 + header.utf8.count + 1
    header += String(repeating: " ", count: (64 - unpadded % 64) % 64) + "\n"
    var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0])
    data.append(contentsOf: [UInt8(header.utf8.count & 0xff), UInt8(header.utf8.count >> 8)])
    data.append(contentsOf: header.utf8)
    tensor.values.withUnsafeBytes { data.append(contentsOf: $0) }
    return data
  }
}
