#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "CImageCodecs.h"

// libpng's simplified interface reports errors by return value; its own longjmp never leaves it.
quoin_codec_status quoin_png_decode(
  const uint8_t *bytes, size_t count, uint64_t pixel_limit, quoin_image *image) {
  memset(image, 0, sizeof *image);
  png_image png;
  memset(&png, 0, sizeof png);
  png.version = PNG_IMAGE_VERSION;
  if (!png_image_begin_read_from_memory(&png, bytes, count)) {
    snprintf(image->message, sizeof image->message, "%s", png.message);
    return quoin_codec_corrupt;
  }
  image->width = png.width;
  image->height = png.height;
  png.format = PNG_FORMAT_RGB;
  uint64_t pixels = (uint64_t)png.width * png.height;
  uint8_t *memory = pixels > pixel_limit ? NULL : malloc(pixels * 3);
  if (memory == NULL) {
    png_image_free(&png);
    return pixels > pixel_limit ? quoin_codec_too_large : quoin_codec_out_of_memory;
  }
  png_color white = {255, 255, 255};
  if (!png_image_finish_read(&png, &white, memory, 0, NULL)) {
    snprintf(image->message, sizeof image->message, "%s", png.message);
    free(memory);
    return quoin_codec_corrupt;
  }
  image->pixels = memory;
  return quoin_codec_done;
}
