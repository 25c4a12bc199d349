// JSON text, read strictly: no duplicate keys, no number beyond double precision's range; // comments are allowed.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace spikeweave {

using Json = nlohmann::ordered_json;

// Throws InputError "line 3, column 5: ..." or "<JSON pointer>: ..."; the caller adds the name of the file.
Json parse_json(const std::string& text);

// A value as a message shows it: scalars as JSON, lists and objects by their kind.
std::string found_text(const Json& json);

// Throws InputError "<place>: expected <what>, found ..."; place: JSON pointer.
[[noreturn]] void fail_expected(const std::string& place, const std::string& what, const Json& found);

// The whole of a file. Throws InputError "<path>: cannot be read: <reason>".
std::string read_text_file(const std::string& path);

}  // namespace spikeweave
