// libjpeg-turbo, libpng and zlib behind plain functions over memory.
//
// Errors of libjpeg jump with longjmp; the jump stays inside this target, so that no Swift frame is ever
// skipped. Whatever a function allocates, it hands over in its result or frees itself.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef enum {
  quoin_codec_done = 0,
  /// The bytes break the format; the message says where.
  quoin_codec_corrupt,
  /// The bytes end before the format does.
  quoin_codec_truncated,
  /// The decoded result would exceed the caller's limit.
  quoin_codec_too_large,
  quoin_codec_out_of_memory,
} quoin_codec_status;

/// A decoded image: 8-bit RGB, interleaved, row by row without padding.
typedef struct {
  uint8_t *pixels;
  uint32_t width;
  uint32_t height;
  char message[256];
} quoin_image;

/// Decodes a JPEG of any colour space that libjpeg knows; `pixels` is null unless the status is done.
quoin_codec_status quoin_jpeg_decode(
  const uint8_t *bytes, size_t count, uint64_t pixel_limit, quoin_image *image);

/// Decodes a PNG of any depth; transparent pixels are laid on white. `pixels` is null unless the status is
/// done.
quoin_codec_status quoin_png_decode(
  const uint8_t *bytes, size_t count, uint64_t pixel_limit, quoin_image *image);

/// Bytes that the caller frees with `quoin_free`.
typedef struct {
  uint8_t *bytes;
  size_t count;
  char message[256];
} quoin_bytes;

/// Inflates a gzip file of one or more members, checking their checksums, into at most `limit` bytes.
quoin_codec_status quoin_gunzip(const uint8_t *bytes, size_t count, size_t limit, quoin_bytes *output);

void quoin_free(void *memory);
