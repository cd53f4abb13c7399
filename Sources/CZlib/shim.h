// zlib: reads files that are compressed by gzip, and others as they are.
#ifndef SUBMETER_CZLIB_SHIM_H
#define SUBMETER_CZLIB_SHIM_H

#include <zlib.h>

#endif
