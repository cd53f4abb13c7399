// OpenSSL's libcrypto as Swift needs it: hashes, keyed hashes and signatures over plain bytes. No logic of our own.
#ifndef SUBMETER_CLIBCRYPTO_SHIM_H
#define SUBMETER_CLIBCRYPTO_SHIM_H

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct evp_md_ctx_st crypto_hash;

static inline crypto_hash *crypto_sha256_new(void) {
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (context != NULL && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1) return context;
    EVP_MD_CTX_free(context);
    return NULL;
}
static inline void crypto_sha256_add(crypto_hash *hash, const void *bytes, size_t count) {
    EVP_DigestUpdate(hash, bytes, count);
}
/* Writes 32 bytes and ends the hash. */
static inline void crypto_sha256_finish(crypto_hash *hash, uint8_t *result) {
    unsigned int length = 0;
    EVP_DigestFinal_ex(hash, result, &length);
    EVP_MD_CTX_free(hash);
}

/* Writes 32 bytes. */
static inline void crypto_hmac_sha256(
    const void *key, size_t key_count, const void *bytes, size_t count, uint8_t *result) {
    unsigned int length = 0;
    HMAC(EVP_sha256(), key, (int)key_count, (const unsigned char *)bytes, count, result, &length);
}

/* Signs bytes with a private key in PEM form (RSASSA-PKCS1-v1_5 with SHA-256). Returns the signature's size, or -1 if the key
   cannot be read, -2 if it does not sign, as when the signature is longer than `capacity`. A key that is kept under a pass phrase
   cannot be read: the empty one is tried, so that OpenSSL does not ask for one at the terminal. */
static inline long crypto_sign_rs256(
    const void *pem, size_t pem_count, const void *bytes, size_t count, uint8_t *result, size_t capacity) {
    BIO *source = BIO_new_mem_buf(pem, (int)pem_count);
    EVP_PKEY *key = source == NULL ? NULL : PEM_read_bio_PrivateKey(source, NULL, NULL, (void *)"");
    BIO_free(source);
    if (key == NULL || EVP_PKEY_base_id(key) != EVP_PKEY_RSA) {
        EVP_PKEY_free(key);
        ERR_clear_error();
        return -1;
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    size_t length = capacity;
    bool is_signed = context != NULL && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                     EVP_DigestSign(context, result, &length, (const unsigned char *)bytes, count) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return is_signed ? (long)length : -2;
}

#endif
