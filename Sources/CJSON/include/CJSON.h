// A small C header over simdjson's DOM parser. It knows JSON and nothing else; no exception crosses it.
#ifndef SUBMETER_CJSON_H
#define SUBMETER_CJSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cjson_parser cjson_parser;

/// A value inside the document that a parser holds; valid until that parser parses again or is freed.
typedef struct {
    const void *document;
    size_t index;
} cjson_element;

/// A walk over the members of an object or the elements of an array.
typedef struct {
    cjson_element position;
    cjson_element end;
    bool isObject;
} cjson_cursor;

cjson_parser *cjson_parser_new(size_t maximum_bytes, size_t maximum_depth);
void cjson_parser_free(cjson_parser *parser);

/// Parses a text; returns NULL, or a static text that says what is wrong.
const char *cjson_parse(cjson_parser *parser, const uint8_t *bytes, size_t count, cjson_element *root);

/// One of: { [ " l (int64) u (uint64 beyond int64) d t (true or false) n; 0 if the element is not readable.
char cjson_type(cjson_element element);
bool cjson_member(cjson_element element, const char *key, size_t key_count, cjson_element *member);
bool cjson_string(cjson_element element, const char **text, size_t *count);
bool cjson_bool(cjson_element element, bool *value);
bool cjson_int64(cjson_element element, int64_t *number);
bool cjson_double(cjson_element element, double *number);
bool cjson_walk(cjson_element element, cjson_cursor *cursor);
bool cjson_next(cjson_cursor *cursor, const char **key, size_t *key_count, cjson_element *value);

/// Checks an instance against a JSON Schema (draft 7). Returns the number of problems, -1 if the schema or the instance is
/// unusable; the first problems are written to `text`, one a line, never more than `capacity` bytes with the final zero.
int cjson_schema_check(
    const char *schema, size_t schema_count, const char *instance, size_t instance_count, char *text, size_t capacity);

#ifdef __cplusplus
}
#endif

#endif
