/// One unit of a compiled network that all threads work on together: plain data and raw pointers, so that running it
/// touches no reference counts and allocates nothing.
enum Step {
  case product(ProductStep)
  case stem(StemStep)
  case winograd(WinogradStep)
  case grouped(GroupedStep)
  case depthwise(DepthwiseStep)
  case pool(PoolStep)
  case resize(ResizeStep)
  case channel(ChannelStep)
  case flat(FlatStep)
  case copy(CopyStep)
  case shuffle(ShuffleStep)
  case relayout(RelayoutStep)
  case rows(RowStep)
  case binary(BinaryStep)
  case batchProduct(BatchProductStep)
  case linear(LinearStep)
  case byteProduct(ByteProductStep)
  case byteDepthwise(ByteDepthwiseStep)
  case bytePool(BytePoolStep)
  case byteSum(ByteSumStep)
  case byteGate(ByteGateStep)
  case byteTable(ByteTableStep)
  case byteShuffle(ByteShuffleStep)
  case byteTranspose(ByteTransposeStep)
  case quantise(QuantiseStep)
  case quantisePlanes(QuantisePlanesStep)
  case dequantise(DequantiseStep)

  /// How many pieces threads can claim.
  var pieces: Int {
    switch self {
    case .product(let step): step.partition.pieces
    case .stem(let step): step.partition.pieces
    case .winograd(let step): step.partition.pieces
    case .grouped(let step): step.partition.pieces
    case .depthwise(let step): step.partition.pieces
    case .pool(let step): step.partition.pieces
    case .resize(let step): step.partition.pieces
    case .channel(let step): step.partition.pieces
    case .flat(let step): step.partition.pieces
    case .copy(let step): step.partition.pieces
    case .shuffle(let step): step.partition.pieces
    case .relayout(let step): step.partition.pieces
    case .rows(let step): step.partition.pieces
    case .binary(let step): step.partition.pieces
    case .batchProduct(let step): step.partition.pieces
    case .linear(let step): step.partition.pieces
    case .byteProduct(let step): step.partition.pieces
    case .byteDepthwise(let step): step.partition.pieces
    case .bytePool(let step): step.partition.pieces
    case .byteSum(let step): step.partition.pieces
    case .byteGate(let step): step.partition.pieces
    case .byteTable(let step): step.partition.pieces
    case .byteShuffle(let step): step.partition.pieces
    case .byteTranspose(let step): step.partition.pieces
    case .quantise(let step): step.partition.pieces
    case .quantisePlanes(let step): step.partition.pieces
    case .dequantise(let step): step.partition.pieces
    }
  }

  /// Runs one piece on the thread numbered `worker`.
  func run(_ piece: Int, worker: Int) {
    switch self {
    case .product(let step): step.run(piece, worker: worker)
    case .stem(let step): step.run(piece, worker: worker)
    case .winograd(let step): step.run(piece, worker: worker)
    case .grouped(let step): step.run(piece, worker: worker)
    case .depthwise(let step): step.run(piece)
    case .pool(let step): step.run(piece)
    case .resize(let step): step.run(piece)
    case .channel(let step): step.run(piece)
    case .flat(let step): step.run(piece)
    case .copy(let step): step.run(piece)
    case .shuffle(let step): step.run(piece)
    case .relayout(let step): step.run(piece)
    case .rows(let step): step.run(piece)
    case .binary(let step): step.run(piece)
    case .batchProduct(let step): step.run(piece, worker: worker)
    case .linear(let step): step.run(piece, worker: worker)
    case .byteProduct(let step): step.run(piece, worker: worker)
    case .byteDepthwise(let step): step.run(piece)
    case .bytePool(let step): step.run(piece)
    case .byteSum(let step): step.run(piece)
    case .byteGate(let step): step.run(piece)
    case .byteTable(let step): step.run(piece)
    case .byteShuffle(let step): step.run(piece)
    case .byteTranspose(let step): step.run(piece)
    case .quantise(let step): step.run(piece)
    case .quantisePlanes(let step): step.run(piece)
    case .dequantise(let step): step.run(piece)
    }
  }
}
