#include "CKernels.h"
#include "kernels.h"

#include <math.h>
#include <string.h>

#include "scalar.h"
#include "../simd/activation.h"

#define KERNELS qn_f32_training__portable
#define ISA qn_portable
#include "vectors.h"
#include "matmul.h"
#include "view.h"
#include "elementwise.h"
#include "depthwise.h"
#include "depthwise-backward.h"
#include "table.h"
