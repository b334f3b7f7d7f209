import CKernels
import Compute

/// The kernels of one instruction-set level, looked up once.
struct KernelSet {
  let product: qn_f32_gemm_kernel
  let stem: qn_f32_stem_function
  let grouped: qn_f32_gconv_kernel
  let depthwise: qn_f32_dwconv_function
  let transform: qn_f32_epilogue_function
  let pool: qn_f32_pool_function
  let resize: qn_f32_resize_function
  let rows: qn_f32_rows_kernel
  let binary: qn_f32_binary_function
  let bytes: ByteKernelSet
  private let smallTiles: qn_f32_winograd_kernel
  private let largeTiles: qn_f32_winograd_kernel

  init(_ isa: ISA) {
    product = ProductKernel.kernel(isa)
    stem = StemKernel.kernel(isa).function
    grouped = GroupedKernel.kernel(isa)
    depthwise = DepthwiseKernel.function(isa)
    transform = EpilogueKernel.function(isa)
    pool = PoolKernel.function(isa)
    resize = ResizeKernel.function(isa)
    rows = RowKernel.kernel(isa)
    binary = BinaryKernel.function(isa)
    bytes = ByteKernelSet(isa)
    smallTiles = WinogradKernel.kernel(isa, tile: 2)
    largeTiles = WinogradKernel.kernel(isa, tile: 4)
  }

  /// The transforms for tiles of 2 or 4 output pixels.
  func winograd(tile: Int) -> qn_f32_winograd_kernel { tile == 2 ? smallTiles : largeTiles }

  /// Columns of a whole panel of a packed matrix.
  var panel: Int { Int(product.panel) }
}

/// The kernels for bytes.
struct ByteKernelSet {
  let product: qn_u8_gemm_kernel
  let depthwise: qn_u8_dwconv_kernel
  let conversion: qn_u8_convert_kernel
  let add: qn_u8_add_function
  let gate: qn_u8_gate_function
  let table: qn_u8_table_function
  let pool: qn_u8_pool_function

  init(_ isa: ISA) {
    product = ByteProductKernel.kernel(isa)
    depthwise = ByteDepthwiseKernel.kernel(isa)
    conversion = ByteConversionKernel.kernel(isa)
    add = ByteAddKernel.function(isa)
    gate = ByteGateKernel.function(isa)
    table = ByteTableKernel.function(isa)
    pool = BytePoolKernel.function(isa)
  }
}
