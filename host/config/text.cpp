#include "host/config/text.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

namespace spikeweave {
namespace {

// Number of characters inserted, deleted, replaced, or swapped with their neighbour (optimal string alignment).
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before_last, last(b.size() + 1), row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    before_last = last;
    last = row;
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1), last[j] + 1, row[j - 1] + 1});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before_last[j - 2] + 1);
    }
  }
  return row.back();
}

}  // namespace

std::string in_quotes(std::string_view text) {
  constexpr std::size_t longest = 80;  // characters of a value that a one-line message can carry
  if (text.size() <= longest) return fmt::format("{:?}", text);
  std::size_t cut = longest;
  while (cut > 0 && (static_cast<unsigned char>(text[cut]) & 0xC0u) == 0x80u) --cut;  // not inside a UTF-8 character
  return fmt::format("{:?}...", text.substr(0, cut));
}

std::string number_text(double value) {
  constexpr double exact_whole = 9007199254740992.0;  // 2^53
  if (std::abs(value) < exact_whole && value == std::trunc(value))
    return fmt::format("{}", static_cast<long long>(value));
  return fmt::format("{}", value);
}

std::string range_text(const Range& range) {
  if (std::isinf(range.low) && std::isinf(range.high)) return "";
  return fmt::format("{}{}, {}{}", range.low_open ? '(' : '[', number_text(range.low), number_text(range.high),
                     range.high_open ? ')' : ']');
}

std::string unit_text(std::string_view unit) {
  return unit.empty() ? "" : fmt::format(" [{}]", unit);
}

std::string join(const Words& words, std::string_view separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

std::string_view nearest(std::string_view word, const Words& candidates) {
  std::string_view best;
  std::size_t best_distance = 0;
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    const std::size_t longer = std::max(word.size(), candidate.size());
    const bool close = distance <= std::max<std::size_t>(1, longer / 2) && distance < longer;
    if (close && (best.empty() || distance < best_distance)) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

std::string suggestion(std::string_view word, const Words& candidates) {
  const std::string_view best = nearest(word, candidates);
  return best.empty() ? "" : fmt::format("; did you mean {}?", in_quotes(best));
}

std::string not_one_of(std::string_view word, const Words& candidates) {
  return fmt::format("{} is not one of {}{}", in_quotes(word), join(candidates), suggestion(word, candidates));
}

std::string pointer_token(std::string_view key) {
  std::string token;
  for (const char c : key) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token += c;
    }
  }
  return token;
}

}  // namespace spikeweave
