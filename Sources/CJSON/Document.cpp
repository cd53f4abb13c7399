#include "CJSON.h"

#include <cstring>
#include <new>
#include <simdjson.h>

namespace dom = simdjson::dom;

struct cjson_parser {
    dom::parser parser;
    size_t depth;
    explicit cjson_parser(size_t maximum_bytes, size_t maximum_depth) : parser(maximum_bytes), depth(maximum_depth) {}
};

// simdjson's references into a document are two words that may be copied freely.
static_assert(sizeof(dom::element) == sizeof(cjson_element), "an element is a document and an index");
static_assert(sizeof(dom::array::iterator) == sizeof(cjson_element), "an iterator is a document and an index");
static_assert(sizeof(dom::object::iterator) == sizeof(cjson_element), "an iterator is a document and an index");

template <typename To, typename From> static To rebound(const From &from) {
    To to;
    std::memcpy(static_cast<void *>(&to), static_cast<const void *>(&from), sizeof(To));
    return to;
}

cjson_parser *cjson_parser_new(size_t maximum_bytes, size_t maximum_depth) {
    return new (std::nothrow) cjson_parser(maximum_bytes, maximum_depth);
}

void cjson_parser_free(cjson_parser *parser) { delete parser; }

const char *cjson_parse(cjson_parser *parser, const uint8_t *bytes, size_t count, cjson_element *root) {
    if (parser->parser.max_depth() != parser->depth) {
        auto error = parser->parser.allocate(count, parser->depth);
        if (error) return simdjson::error_message(error);
    }
    dom::element element;
    auto error = parser->parser.parse(bytes, count, true).get(element);
    if (error) return simdjson::error_message(error);
    *root = rebound<cjson_element>(element);
    return nullptr;
}

char cjson_type(cjson_element element) { return static_cast<char>(rebound<dom::element>(element).type()); }

bool cjson_member(cjson_element element, const char *key, size_t key_count, cjson_element *member) {
    dom::object object;
    dom::element found;
    if (rebound<dom::element>(element).get(object)) return false;
    if (object.at_key(std::string_view(key, key_count)).get(found)) return false;
    *member = rebound<cjson_element>(found);
    return true;
}

bool cjson_string(cjson_element element, const char **text, size_t *count) {
    std::string_view view;
    if (rebound<dom::element>(element).get(view)) return false;
    *text = view.data();
    *count = view.size();
    return true;
}

bool cjson_bool(cjson_element element, bool *value) { return !rebound<dom::element>(element).get(*value); }

bool cjson_int64(cjson_element element, int64_t *number) { return !rebound<dom::element>(element).get(*number); }

bool cjson_double(cjson_element element, double *number) { return !rebound<dom::element>(element).get(*number); }

bool cjson_walk(cjson_element element, cjson_cursor *cursor) {
    dom::element value = rebound<dom::element>(element);
    dom::object object;
    if (!value.get(object)) {
        *cursor = {rebound<cjson_element>(object.begin()), rebound<cjson_element>(object.end()), true};
        return true;
    }
    dom::array array;
    if (value.get(array)) return false;
    *cursor = {rebound<cjson_element>(array.begin()), rebound<cjson_element>(array.end()), false};
    return true;
}

bool cjson_next(cjson_cursor *cursor, const char **key, size_t *key_count, cjson_element *value) {
    if (cursor->position.index == cursor->end.index) return false;
    if (cursor->isObject) {
        auto position = rebound<dom::object::iterator>(cursor->position);
        std::string_view name = position.key();
        *key = name.data();
        *key_count = name.size();
        *value = rebound<cjson_element>(position.value());
        ++position;
        cursor->position = rebound<cjson_element>(position);
    } else {
        auto position = rebound<dom::array::iterator>(cursor->position);
        *value = rebound<cjson_element>(*position);
        ++position;
        cursor->position = rebound<cjson_element>(position);
    }
    return true;
}
