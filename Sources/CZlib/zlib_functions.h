// The part of zlib that Plots uses: compression and check sums.
#ifndef STARLING_ZLIB_H
#define STARLING_ZLIB_H

#include <zlib.h>

#endif
