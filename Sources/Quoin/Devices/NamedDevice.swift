import Devices
import Networks

/// A device under the name that a user gave it.
struct NamedDevice: Device {
  let name: String
  private let device: any Device

  init(_ name: String, _ device: any Device) { (self.name, self.device) = (name, device) }

  var fingerprint: DeviceFingerprint { device.fingerprint }
  var takesRules: Bool { device.takesRules }

  func measure(_ network: Network, weights: Weights) throws -> LatencySummary {
    try device.measure(network, weights: weights)
  }
}
