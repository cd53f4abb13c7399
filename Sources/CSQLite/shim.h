#ifndef SUBMETER_CSQLITE_SHIM_H
#define SUBMETER_CSQLITE_SHIM_H

#include <sqlite3.h>

#endif
