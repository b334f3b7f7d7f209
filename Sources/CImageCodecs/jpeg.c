#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jpeglib.h>

#include <jerror.h>

#include "CImageCodecs.h"

// A hostile progressive file can hold thousands of scans over one large image; honest encoders write about
// ten.
enum { maximum_scans = 200 };

typedef struct {
  struct jpeg_error_mgr base;  // first, so that libjpeg's pointer is also ours
  jmp_buf escape;
  int code;
  char *message;
  size_t message_capacity;
} error_manager;

typedef struct {
  struct jpeg_progress_mgr base;
  error_manager *errors;
} progress_manager;

static void note(j_common_ptr common) {
  error_manager *errors = (error_manager *)common->err;
  char text[JMSG_LENGTH_MAX];
  errors->base.format_message(common, text);
  errors->code = errors->base.msg_code;
  snprintf(errors->message, errors->message_capacity, "%s", text);
}

static void on_error(j_common_ptr common) {
  note(common);
  longjmp(((error_manager *)common->err)->escape, 1);
}

// libjpeg calls missing image data a warning and paints it grey; a data set must not learn from such an
// image.
static void on_message(j_common_ptr common, int level) {
  int code = common->err->msg_code;
  if (level >= 0 || (code != JWRN_JPEG_EOF && code != JWRN_HIT_MARKER)) return;
  on_error(common);
}

static void on_progress(j_common_ptr common) {
  progress_manager *progress = (progress_manager *)common->progress;
  if (((j_decompress_ptr)common)->input_scan_number <= maximum_scans) return;
  error_manager *errors = progress->errors;
  snprintf(errors->message, errors->message_capacity, "more than %d scans", maximum_scans);
  longjmp(errors->escape, 1);
}

// Adobe writes CMYK inverted, and nobody else writes CMYK.
static void rgb_from_inverted_cmyk(const uint8_t *from, uint8_t *to, size_t count) {
  for (size_t i = 0; i < count; i++, from += 4, to += 3) {
    for (int channel = 0; channel < 3; channel++) {
      to[channel] = (uint8_t)((from[channel] * from[3] + 127) / 255);
    }
  }
}

static quoin_codec_status begin(
  struct jpeg_decompress_struct *jpeg, const uint8_t *bytes, size_t count, uint64_t pixel_limit,
  quoin_image *image) {
  jpeg_mem_src(jpeg, bytes, (unsigned long)count);
  jpeg_read_header(jpeg, TRUE);
  image->width = jpeg->image_width;
  image->height = jpeg->image_height;
  uint64_t pixels = (uint64_t)image->width * image->height;
  if (pixels > pixel_limit) return quoin_codec_too_large;
  int four = jpeg->jpeg_color_space == JCS_CMYK || jpeg->jpeg_color_space == JCS_YCCK;
  jpeg->out_color_space = four ? JCS_CMYK : JCS_RGB;
  image->pixels = malloc(pixels * 3);
  return image->pixels == NULL ? quoin_codec_out_of_memory : quoin_codec_done;
}

static void read_rows(struct jpeg_decompress_struct *jpeg, quoin_image *image) {
  jpeg_start_decompress(jpeg);
  int four = jpeg->out_color_space == JCS_CMYK;
  // From libjpeg's own pool, which is freed on every way out.
  JSAMPARRAY line = jpeg->mem->alloc_sarray(
    (j_common_ptr)jpeg, JPOOL_IMAGE, jpeg->output_width * (JDIMENSION)jpeg->output_components, 1);
  while (jpeg->output_scanline < jpeg->output_height) {
    uint8_t *row = image->pixels + (size_t)jpeg->output_scanline * image->width * 3;
    jpeg_read_scanlines(jpeg, line, 1);
    if (four) rgb_from_inverted_cmyk(line[0], row, image->width);
    else memcpy(row, line[0], (size_t)image->width * 3);
  }
  jpeg_finish_decompress(jpeg);
}

quoin_codec_status quoin_jpeg_decode(
  const uint8_t *bytes, size_t count, uint64_t pixel_limit, quoin_image *image) {
  memset(image, 0, sizeof *image);
  struct jpeg_decompress_struct jpeg;
  error_manager errors = {.message = image->message, .message_capacity = sizeof image->message};
  progress_manager progress = {.base.progress_monitor = on_progress, .errors = &errors};
  jpeg.err = jpeg_std_error(&errors.base);
  errors.base.error_exit = on_error;
  errors.base.emit_message = on_message;
  if (setjmp(errors.escape)) {
    jpeg_destroy_decompress(&jpeg);
    free(image->pixels);
    image->pixels = NULL;
    int ended =
      errors.code == JWRN_JPEG_EOF || errors.code == JERR_INPUT_EOF || errors.code == JERR_INPUT_EMPTY;
    return ended ? quoin_codec_truncated : quoin_codec_corrupt;
  }
  jpeg_create_decompress(&jpeg);
  jpeg.progress = &progress.base;
  quoin_codec_status status = begin(&jpeg, bytes, count, pixel_limit, image);
  if (status == quoin_codec_done) read_rows(&jpeg, image);
  jpeg_destroy_decompress(&jpeg);
  return status;
}
