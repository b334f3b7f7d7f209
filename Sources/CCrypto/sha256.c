#include "CCrypto.h"

#include <openssl/evp.h>


// The context is allocated by OpenSSL; the struct itself is the context under another name.
quoin_sha256 *quoin_sha256_create(void) {
  EVP_MD_CTX *context = EVP_MD_CTX_new();
  if (context != NULL) EVP_DigestInit_ex(context, EVP_sha256(), NULL);
  return (quoin_sha256 *)context;
}

void quoin_sha256_update(quoin_sha256 *state, const void *bytes, size_t count) {
  EVP_DigestUpdate((EVP_MD_CTX *)state, bytes, count);
}

void quoin_sha256_finish(quoin_sha256 *state, uint8_t digest[32]) {
  EVP_DigestFinal_ex((EVP_MD_CTX *)state, digest, NULL);
  EVP_MD_CTX_free((EVP_MD_CTX *)state);
}
