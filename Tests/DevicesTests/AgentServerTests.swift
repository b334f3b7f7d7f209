import Devices
import Diagnostics
import Foundation
import Interchange
import Networks
import Testing

@Suite("Agents") struct AgentServerTests {
  @Test("A network is timed, and the answer holds what quoin measure prints")
  func right() throws {
    let agent = try AgentFixture()
    let answer = try agent.answer(to: AgentFixture.request(body: AgentFixture.onnx()))
    #expect(answer.status == 200)
    let measurement = try JSONDecoder().decode(AgentMeasurement.self, from: Data(answer.body.utf8))
    let network = try ONNX.import(AgentFixture.onnx(), path: "").network
    #expect(measurement.summary == FormulaDevice().measure(network, weights: [:]))
    #expect(measurement.device.name == "formula" && measurement.device.fingerprint == FormulaDevice().fingerprint)
    let devices = try agent.answer(to: AgentFixture.request("GET /devices HTTP/1.1"))
    #expect(devices.status == 200 && devices.body.contains("\"roofline-1\""))
    agent.stop()
    #expect(agent.lines.count == 2)
    // An answer is logged when it is sent, so that the second one's line may be the first.
    #expect(agent.lines.contains { $0.contains(/^127\.0\.0\.1:\d+ POST \/measure\?device=formula 200 [\d.]+ s$/) })
    #expect(!agent.lines.joined().contains(AgentFixture.token))
  }

  @Test(
    "A request without the token is refused before its body is read",
    arguments: ["Bearer wrong", "Bearer ", "Bearer sesame-open-123", "Bearer sesame-open-12345", "Basic c2VzYW1l", ""])
  func token(field: String) throws {
    let agent = try AgentFixture()
    let fields = field.isEmpty ? "" : "Authorization: \(field)\r\n"
    // A gibibyte is announced and never sent.
    let head = "POST /measure?device=formula HTTP/1.1\r\n\(fields)Content-Length: 1073741824\r\n\r\n"
    let answer = try agent.answer(to: Data(head.utf8))
    #expect(answer.status == 401)
    #expect(answer.body.contains("token"))
  }

  static let requests: [(String, Int)] = [
    ("GET /measure?device=formula HTTP/1.1", 405), ("DELETE /devices HTTP/1.1", 405), ("GET / HTTP/1.1", 404),
    ("GET /../../etc/passwd HTTP/1.1", 404), ("POST /measure HTTP/1.1", 400), ("POST /measure?device HTTP/1.1", 404),
    ("POST /measure?device=%zz HTTP/1.1", 400), ("POST /measure?device=formla HTTP/1.1", 404),
    ("GET /devices HTTP/2.0", 505), ("GET /devices", 400), ("GET devices HTTP/1.1", 400), ("", 400), (" ", 400),
  ]

  @Test("Requests for what an agent does not do are refused with a reason", arguments: requests)
  func refused(line: String, status: Int) throws {
    let answer = try AgentFixture().answer(to: AgentFixture.request(line))
    #expect(answer.status == status, "\(answer.body)")
    #expect(answer.body.hasPrefix("{\"error\":{"))
  }

  @Test("An unknown device is answered with the nearest one's name")
  func unknownDevice() throws {
    let answer = try AgentFixture().answer(to: AgentFixture.request("POST /measure?device=formla HTTP/1.1"))
    #expect(answer.body.contains("\"nearest\":\"formula\""))
  }

  static let heads: [(String, Int)] = [
    ("Content-Length: 4194305", 413), ("Content-Length: 99999999999999999999", 400), ("Content-Length: -1", 400),
    ("Content-Length: 0x10", 400), ("Content-Length: 1\r\nContent-Length: 2", 400), ("Content-Length:", 400),
    ("Transfer-Encoding: chunked", 411), ("No-Length: 1", 411), ("Bad Name: 1", 400), (": 1", 400), ("None", 400),
    (" folded: 1", 400), ("Content-Length: 1\nSmuggled: 1", 400), ("Control: \u{1}", 400), ("Umlaut: ä", 400),
    ("Authorization: Bearer other", 400),
  ]

  @Test("Heads that are malformed or ambiguous are refused", arguments: heads)
  func malformedHead(fields: String, status: Int) throws {
    let head =
      "POST /measure?device=formula HTTP/1.1\r\nAuthorization: Bearer \(AgentFixture.token)\r\n\(fields)\r\n\r\n"
    let answer = try AgentFixture().answer(to: Data(head.utf8))
    #expect(answer.status == status, "\(answer.body)")
  }

  @Test("Heads of too many bytes or fields are refused")
  func largeHead() throws {
    try malformedHead(fields: "Long: " + String(repeating: "x", count: HTTPHead.byteLimit), status: 431)
    let many = Array(repeating: "Many: 1", count: HTTPHead.fieldLimit)
    try malformedHead(fields: many.joined(separator: "\r\n"), status: 431)
  }

  @Test("Bodies that are no ONNX file are refused with the reason, and the agent goes on")
  func malformedBody() throws {
    let agent = try AgentFixture()
    let onnx = try AgentFixture.onnx()
    for body in [Data(), Data("hello".utf8), Data(repeating: 255, count: 100_000), onnx.prefix(onnx.count / 2)] {
      let answer = try agent.answer(to: AgentFixture.request(body: body))
      #expect(answer.status == 400 && answer.body.contains("ONNX"), "\(body.count) bytes: \(answer.body)")
    }
    #expect(try agent.answer(to: AgentFixture.request(body: onnx)).status == 200)
  }

  @Test("A network of an operator that is not known is refused with the operator's name")
  func unknownOperator() throws {
    var onnx = try AgentFixture.onnx()
    let name = try #require(onnx.range(of: Data("GlobalAveragePool".utf8)))
    onnx.replaceSubrange(name, with: Data("GlobalMarblePools".utf8))
    let answer = try AgentFixture().answer(to: AgentFixture.request(body: onnx))
    #expect(answer.status == 400 && answer.body.contains("GlobalMarblePools"), "\(answer.body)")
  }

  @Test("Networks that would take the machine for long or need too much memory are refused")
  func heavyNetworks() throws {
    let network = try tinyNetwork()
    var limits = AgentLimits()
    limits.work = Double(network.cost.macs + network.nodes.reduce(0) { $0 + $1.shape.elementCount })
    // The image and the convolution's value live at one time.
    limits.activationBytes = 4 * (3 * 64 + 16 * 64)
    try limits.check(network)
    limits.activationBytes -= 1
    #expect(throws: Diagnostic.self) { try limits.check(network) }
    (limits.activationBytes, limits.work) = (1 << 20, limits.work - 1)
    #expect(throws: Diagnostic.self) { try limits.check(network) }
    // 2⁵² comparisons, without a single multiplication.
    var builder = NetworkBuilder(name: "slow")
    let image = try builder.input("image", [1, 1, 16_384, 16_384])
    let pool = Pool(.maximum, kernel: Extent(8_192), stride: .one)
    let pooled = try builder.append("p", .pool(pool), [image])
    let slow = builder.network(outputs: [("y", pooled)])
    let error = try #require(throws: Diagnostic.self) { try AgentLimits().check(slow) }
    #expect(error.problem.contains("too slow"))
  }

  @Test("A body that ends too early, and a client that sends nothing, are dropped")
  func truncated() throws {
    let agent = try AgentFixture()
    let request = try AgentFixture.request(body: AgentFixture.onnx())
    for count in [0, 1, 60, request.count - 1] {
      #expect(try agent.answer(to: request.prefix(count), endsSending: true).status == nil)
    }
    agent.stop()
    #expect(agent.lines.count { $0.contains("dropped") } == 4)
  }

  @Test("A sender that is too slow is told so, in the head as in the body")
  func slow() throws {
    var limits = AgentLimits()
    (limits.headSeconds, limits.bodySeconds, limits.bodyRate) = (0.3, 0.3, 1e9)
    let agent = try AgentFixture(limits: limits)
    let request = try AgentFixture.request(body: AgentFixture.onnx())
    for count in [0, 20, request.count - 1] { #expect(try agent.answer(to: request.prefix(count)).status == 408) }
  }

  @Test("An agent for other machines needs a token that cannot be guessed; a bad address is an error")
  func listening() throws {
    let short = try AccessToken("short")
    let error = try #require(throws: Diagnostic.self) {
      try AgentServer(listen: "0.0.0.0:0", token: short, devices: [])
    }
    #expect(error.category == .usage && error.rule?.contains("16") == true)
    #expect(!error.description.contains("short'"))
    _ = try AgentServer(listen: "0.0.0.0:0", token: AccessToken(AgentFixture.token), devices: [])
    _ = try AgentServer(listen: "127.0.0.1:0", token: short, devices: [])
    for address in ["127.0.0.1:70000", "a b", "[::1", ":1", "1.2.3.4:x"] {
      #expect(throws: Diagnostic.self) { try AgentServer(listen: address, token: short, devices: []) }
    }
    let taken = try AgentFixture()
    #expect(throws: Diagnostic.self) {
      try AgentServer(listen: taken.server.address, token: short, devices: [])
    }
  }

  @Test("Tokens are visible characters, alone in a file; no message shows one", arguments: ["", "a b", "ä", "x\ny"])
  func tokens(text: String) throws {
    let error = try #require(throws: Diagnostic.self) { try AccessToken(text) }
    #expect(text.isEmpty || !error.description.contains(text))
    let path = FileManager.default.temporaryDirectory.appendingPathComponent("token-\(UUID())").path
    defer { try? FileManager.default.removeItem(atPath: path) }
    try writeAtomically(Data(text.utf8), to: path)
    #expect(try #require(throws: Diagnostic.self) { try AccessToken(file: path) }.category == .unusableFile)
    try writeAtomically(Data("secret\n".utf8), to: path)
    #expect(try AccessToken(file: path).matches(authorization: "Bearer secret"))
    #expect(try !AccessToken(file: path).matches(authorization: nil))
    #expect(try !"\(AccessToken(file: path))".contains("secret"))
  }
}
