#include "CJSON.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <string>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

using valijson::adapters::NlohmannJsonAdapter;

static int checked(const nlohmann::json &schema_document, const nlohmann::json &instance, std::string &report) {
    valijson::Schema schema;
    NlohmannJsonAdapter schema_adapter(schema_document);
    valijson::SchemaParser(valijson::SchemaParser::kDraft7).populateSchema(schema_adapter, schema);
    valijson::ValidationResults results;
    NlohmannJsonAdapter instance_adapter(instance);
    if (valijson::Validator(valijson::Validator::kStrongTypes).validate(schema, instance_adapter, &results)) return 0;
    int count = 0;
    valijson::ValidationResults::Error error;
    while (results.popError(error)) {
        count += 1;
        if (report.size() > 4096) continue;
        for (const auto &part : error.context) report += part;
        report += ": " + error.description + "\n";
    }
    return count;
}

int cjson_schema_check(
    const char *schema, size_t schema_count, const char *instance, size_t instance_count, char *text, size_t capacity) {
    int count = -1;
    std::string report;
    try {
        auto schema_document = nlohmann::json::parse(schema, schema + schema_count);
        auto instance_document = nlohmann::json::parse(instance, instance + instance_count);
        count = checked(schema_document, instance_document, report);
    } catch (const std::exception &error) {
        report = error.what();
        count = -1;
    }
    if (capacity > 0) {
        size_t length = report.size() < capacity - 1 ? report.size() : capacity - 1;
        std::memcpy(text, report.data(), length);
        text[length] = 0;
    }
    return count;
}
