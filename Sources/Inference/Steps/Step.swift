/// One unit of a compiled network that all threads work on together: plain data and raw pointers, so that running it
/// touches no reference counts and allocates nothing.
enum Step {
  case product(ProductStep)
  case stem(StemStep)
  case winograd(WinogradStep)
  case depthwise(DepthwiseStep)
  case pool(PoolStep)
  case resize(ResizeStep)
  case channel(ChannelStep)
  case flat(FlatStep)
  case transpose(TransposeStep)
  case copy(CopyStep)
  case shuffle(ShuffleStep)

  /// How many pieces threads can claim.
  var pieces: Int {
    switch self {
    case .product(let step): step.partition.pieces
    case .stem(let step): step.partition.pieces
    case .winograd(let step): step.partition.pieces
    case .depthwise(let step): step.partition.pieces
    case .pool(let step): step.partition.pieces
    case .resize(let step): step.partition.pieces
    case .channel(let step): step.partition.pieces
    case .flat(let step): step.partition.pieces
    case .transpose(let step): step.partition.pieces
    case .copy(let step): step.partition.pieces
    case .shuffle(let step): step.partition.pieces
    }
  }

  /// Runs one piece on the thread numbered `worker`.
  func run(_ piece: Int, worker: Int) {
    switch self {
    case .product(let step): step.run(piece, worker: worker)
    case .stem(let step): step.run(piece, worker: worker)
    case .winograd(let step): step.run(piece, worker: worker)
    case .depthwise(let step): step.run(piece)
    case .pool(let step): step.run(piece)
    case .resize(let step): step.run(piece)
    case .channel(let step): step.run(piece)
    case .flat(let step): step.run(piece)
    case .transpose(let step): step.run(piece)
    case .copy(let step): step.run(piece)
    case .shuffle(let step): step.run(piece)
    }
  }
}
