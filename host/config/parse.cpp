#include "host/config/parse.hpp"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <set>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "host/config/text.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

// Follows the parser through the text: knows where it is, and which keys each open object has had.
class OpenContainers {
 public:
  void follow(Json::parse_event_t event, const Json& parsed) {
    using Event = Json::parse_event_t;
    if (event == Event::object_start || event == Event::array_start) {
      levels_.push_back({event == Event::array_start, 0, {}, {}});
    } else if (event == Event::key) {
      Level& level = levels_.back();
      level.key = parsed.get<std::string>();
      if (!level.keys.insert(level.key).second) throw InputError(place(), "the key stands here twice");
    } else {
      if (event != Event::value) levels_.pop_back();
      if (!levels_.empty() && levels_.back().is_list) ++levels_.back().index;
    }
  }

  // JSON pointer of the value that is being read.
  std::string place() const {
    std::string pointer;
    for (const Level& level : levels_) {
      pointer += '/' + (level.is_list ? std::to_string(level.index) : pointer_token(level.key));
    }
    return pointer;
  }

 private:
  struct Level {
    bool is_list;
    std::size_t index;
    std::string key;
    std::set<std::string> keys;
  };
  std::vector<Level> levels_;
};

// nlohmann-json's text without its error code: "line 3, column 5: syntax error ...".
std::string after(std::string_view text, std::string_view mark) {
  const std::size_t at = text.find(mark);
  return std::string(at == std::string_view::npos ? text : text.substr(at + mark.size()));
}

}  // namespace

Json parse_json(const std::string& text) {
  OpenContainers open;
  const auto follow = [&open](int, Json::parse_event_t event, Json& parsed) {
    open.follow(event, parsed);
    return true;
  };
  try {
    return Json::parse(text, follow, /*allow_exceptions=*/true, /*ignore_comments=*/true);
  } catch (const Json::parse_error& error) {
    throw InputError(after(error.what(), "parse error at "));
  } catch (const Json::out_of_range& error) {
    throw InputError(open.place(), after(error.what(), "] "));
  }
}

std::string found_text(const Json& json) {
  if (json.is_object()) return "an object";
  if (json.is_array()) return "a list";
  if (json.is_string()) return in_quotes(json.get_ref<const std::string&>());
  return json.dump();
}

void fail_expected(const std::string& place, const std::string& what, const Json& found) {
  const std::string message = fmt::format("expected {}, found {}", what, found_text(found));
  if (place.empty()) throw InputError(message);
  throw InputError(place, message);
}

std::string read_text_file(const std::string& path) {
  const auto fail = [&path](int reason) {
    throw InputError(path, "cannot be read: " + std::generic_category().message(reason));
  };
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"), &std::fclose);
  if (!file) fail(errno);
  std::string text;
  std::vector<char> block(1 << 16);
  for (std::size_t got = 0; (got = std::fread(block.data(), 1, block.size(), file.get())) > 0;) {
    text.append(block.data(), got);
  }
  if (std::ferror(file.get()) != 0) fail(errno);
  return text;
}

}  // namespace spikeweave
