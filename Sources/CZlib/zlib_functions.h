// zlib: pictures are compressed with it, and chunks of HDF5 files decompressed.
#ifndef STARLING_ZLIB_H
#define STARLING_ZLIB_H

#include <zlib.h>

#endif
