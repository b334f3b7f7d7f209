#pragma once

// The interpolation points: 0, infinity, and ±1 for tiles of 2 pixels; 0, infinity, ±3/2 and ±5/8 for tiles of 4.
//
// The usual 0, ±1, ±2 lose three bits more: what counts is that powers of the points and of their reciprocals both stay
// small (Barabasz et al., "Error Analysis and Improving the Accuracy of Winograd Convolution for Deep Neural Networks",
// ACM TOMS 2020). All numbers that the transforms of image and products multiply by are exact in single precision.
// docs/WINOGRAD.md has the measured errors.
#define NEAR 0.625
#define FAR 1.5
