#include "CJSON.h"

#include <simdjson.h>

size_t cjson_padding(void) { return simdjson::SIMDJSON_PADDING; }
