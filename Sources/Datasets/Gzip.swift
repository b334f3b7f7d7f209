import CImageCodecs
import Diagnostics
import Foundation

/// gzip files, which data sets come in.
package enum Gzip {
  /// The most bytes that one file may unpack to; the largest file that a data set here has is 184 MB.
  package static let limit = 1 << 29

  /// Whether the bytes begin like a gzip file.
  package static func isCompressed(_ data: Data) -> Bool { data.starts(with: [0x1f, 0x8b]) }

  /// Unpacks all members and checks their checksums.
  ///
  /// - Throws: ``Diagnostic`` that names `path` where the data is damaged, ends early, or unpacks to more
  ///   than `limit` bytes.
  package static func unpack(_ data: Data, path: String, limit: Int = Gzip.limit) throws -> Data {
    var output = quoin_bytes()
    let status = data.withUnsafeBytes { bytes in
      quoin_gunzip(bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, limit, &output)
    }
    guard status == quoin_codec_done, let bytes = output.bytes else {
      throw diagnostic(for: status, message: text(of: output.message), path: path, limit: limit)
    }
    return Data(bytesNoCopy: bytes, count: output.count, deallocator: .free)
  }

  private static func diagnostic(
    for status: quoin_codec_status, message: String, path: String, limit: Int
  ) -> Diagnostic {
    let place = Diagnostic.Place(file: path)
    return switch status {
    case quoin_codec_too_large:
      Diagnostic(
        .unusableFile, "the compressed file unpacks to too much", at: place,
        rule: "at most \(limit) bytes are unpacked")
    case quoin_codec_out_of_memory:
      Diagnostic(.failure, "there is no memory to unpack the file", at: place)
    case quoin_codec_truncated:
      Diagnostic(
        .unusableFile, "the compressed file ends too early", at: place,
        remedy: "fetch it again: the copy is incomplete")
    default:
      Diagnostic(
        .unusableFile, "the compressed file is damaged", at: place, value: message, remedy: "fetch it again")
    }
  }
}
