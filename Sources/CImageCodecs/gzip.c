#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "CImageCodecs.h"

// zlib counts in unsigned int.
enum { largest_piece = 1 << 30 };

static size_t smaller(size_t a, size_t b) { return a < b ? a : b; }

typedef struct {
  const uint8_t *input;
  size_t input_left;
  size_t capacity;
  size_t limit;
} progress;

/// Makes room for at least one more byte; one byte beyond the limit shows that the limit does not hold.
static quoin_codec_status grow(quoin_bytes *output, progress *state) {
  if (output->count < state->capacity) return quoin_codec_done;
  if (state->capacity > state->limit) return quoin_codec_too_large;
  size_t wanted = smaller(state->limit + 1, state->capacity == 0 ? 1 << 16 : state->capacity * 2);
  uint8_t *memory = realloc(output->bytes, wanted);
  if (memory == NULL) return quoin_codec_out_of_memory;
  output->bytes = memory;
  state->capacity = wanted;
  return quoin_codec_done;
}

static quoin_codec_status inflate_piece(
  z_stream *stream, quoin_bytes *output, progress *state, int *member_ended) {
  quoin_codec_status status = grow(output, state);
  if (status != quoin_codec_done) return status;
  size_t offered = smaller(state->input_left, largest_piece);
  size_t room = smaller(state->capacity - output->count, largest_piece);
  stream->next_in = (Bytef *)state->input;
  stream->avail_in = (uInt)offered;
  stream->next_out = output->bytes + output->count;
  stream->avail_out = (uInt)room;
  int code = inflate(stream, Z_NO_FLUSH);
  state->input += offered - stream->avail_in;
  state->input_left -= offered - stream->avail_in;
  output->count += room - stream->avail_out;
  *member_ended = code == Z_STREAM_END;
  if (output->count > state->limit) return quoin_codec_too_large;
  if (code == Z_OK || code == Z_STREAM_END) return quoin_codec_done;
  if (code == Z_MEM_ERROR) return quoin_codec_out_of_memory;
  if (code == Z_BUF_ERROR && state->input_left == 0) return quoin_codec_truncated;
  snprintf(output->message, sizeof output->message, "%s", stream->msg != NULL ? stream->msg : "invalid data");
  return quoin_codec_corrupt;
}

static quoin_codec_status inflate_members(z_stream *stream, quoin_bytes *output, progress *state) {
  for (;;) {
    int member_ended = 0;
    quoin_codec_status status = inflate_piece(stream, output, state, &member_ended);
    if (status != quoin_codec_done) return status;
    if (!member_ended) continue;
    if (state->input_left == 0) return quoin_codec_done;
    inflateReset(stream);
  }
}

quoin_codec_status quoin_gunzip(const uint8_t *bytes, size_t count, size_t limit, quoin_bytes *output) {
  memset(output, 0, sizeof *output);
  z_stream stream;
  memset(&stream, 0, sizeof stream);
  // 16 asks for the gzip wrapper, 15 is the largest window.
  if (inflateInit2(&stream, 16 + 15) != Z_OK) return quoin_codec_out_of_memory;
  progress state = {.input = bytes, .input_left = count, .limit = limit};
  quoin_codec_status status = inflate_members(&stream, output, &state);
  inflateEnd(&stream);
  if (status != quoin_codec_done) {
    free(output->bytes);
    output->bytes = NULL;
    output->count = 0;
  }
  return status;
}

void quoin_free(void *memory) { free(memory); }
