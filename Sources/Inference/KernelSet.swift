import CKernels
import Compute

/// The kernels of one instruction-set level, looked up once.
struct KernelSet {
  let product: qn_f32_gemm_kernel
  let stem: qn_f32_stem_function
  let depthwise: qn_f32_dwconv_function
  let transform: qn_f32_epilogue_function
  let pool: qn_f32_pool_function
  let resize: qn_f32_resize_function

  init(_ isa: ISA) {
    product = ProductKernel.kernel(isa)
    stem = StemKernel.kernel(isa).function
    depthwise = DepthwiseKernel.function(isa)
    transform = EpilogueKernel.function(isa)
    pool = PoolKernel.function(isa)
    resize = ResizeKernel.function(isa)
  }

  /// Columns of a whole panel of a packed matrix.
  var panel: Int { Int(product.panel) }
}
