import Compute
import Networks
import Tensors

/// A box of a stored tensor as a plan uses it: a dense copy, and gradients on the way back.
struct PackedParameter {
  private let parameter: Parameter
  private let offset: Int
  private let store: ParameterStore
  private let memory: PlanMemory
  private let region: Region

  init(_ parameter: Parameter, store: ParameterStore, memory: PlanMemory) throws {
    guard let entry = store.entry(parameter.name) else { throw store.unknown(parameter.name) }
    guard entry.shape == parameter.storedShape else { throw store.mismatch(parameter, entry) }
    (self.parameter, self.store, self.memory) = (parameter, store, memory)
    offset = entry.offset
    region = memory.reserve(parameter.shape.elementCount)
  }

  var count: Int { parameter.shape.elementCount }
  /// The box, dense.
  var values: UnsafeMutablePointer<Float> { memory.pointer(region) }

  /// Copies the box from the store.
  func load() {
    let (from, to) = (store.values.pointer + offset, values)
    parameter.forEachRun { inBox, inStored, count in (to + inBox).update(from: from + inStored, count: count)
    }
  }

  /// Adds a dense gradient of the box to the store's.
  func addGradient(_ gradient: UnsafePointer<Float>) {
    let total = store.gradients.pointer + offset
    parameter.forEachRun { inBox, inStored, count in
      for i in 0..<count { total[inStored + i] += gradient[inBox + i] }
    }
  }
}

/// Private sums of one gradient, one array per chunk, joined in order.
struct ChunkedGradient {
  let count: Int
  private let stride: Int
  private let region: Region
  private let memory: PlanMemory

  init(count: Int, chunks: Int, memory: PlanMemory) {
    self.count = count
    self.memory = memory
    stride = (count + 15) & ~15
    region = memory.reserve(chunks * stride)
  }

  func sums(_ chunk: Int) -> UnsafeMutablePointer<Float> { memory.pointer(region) + chunk * stride }

  /// Adds all chunks' sums to the first one's, in order, and returns that.
  func joined(_ context: PassContext) -> UnsafeMutablePointer<Float> {
    let total = sums(0)
    let pieces = max(1, min(4 * context.pool.threads, count / 4096))
    context.pool.run(pieces) { piece in
      let part = count * piece / pieces..<count * (piece + 1) / pieces
      for chunk in 1..<max(1, context.chunks.count) {
        let to = total + part.lowerBound
        context.kernels.add(part.count, to, sums(chunk) + part.lowerBound, to)
      }
    }
    return total
  }
}
