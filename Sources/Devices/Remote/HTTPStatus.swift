/// The phrases of the status codes that an agent answers with (RFC 9110).
enum HTTPStatus {
  /// The first line of an answer.
  static func line(_ status: Int) -> String { "HTTP/1.1 \(status) \(phrases[status] ?? "Unknown")" }

  private static let phrases = [
    100: "Continue", 200: "OK", 400: "Bad Request", 401: "Unauthorized", 404: "Not Found", 405: "Method Not Allowed",
    408: "Request Timeout", 411: "Length Required", 413: "Content Too Large", 422: "Unprocessable Content",
    431: "Request Header Fields Too Large", 500: "Internal Server Error", 503: "Service Unavailable",
    505: "HTTP Version Not Supported",
  ]
}
