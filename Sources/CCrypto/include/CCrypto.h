// SHA-256 of OpenSSL's libcrypto, behind two functions so that no OpenSSL type reaches Swift.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct quoin_sha256 quoin_sha256;

quoin_sha256 *quoin_sha256_create(void);
void quoin_sha256_update(quoin_sha256 *state, const void *bytes, size_t count);
/// Writes the 32 bytes of the digest and frees `state`.
void quoin_sha256_finish(quoin_sha256 *state, uint8_t digest[32]);
