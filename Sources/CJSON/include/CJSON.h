#ifndef SUBMETER_CJSON_H
#define SUBMETER_CJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The bytes that must follow a text for simdjson to parse it in place.
size_t cjson_padding(void);

#ifdef __cplusplus
}
#endif

#endif
