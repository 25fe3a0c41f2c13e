// The part of OpenSSL 3's libcrypto that Identity uses: signatures, digests and random bytes.
#ifndef STARLING_OPENSSL_H
#define STARLING_OPENSSL_H

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#endif
