// The words of the messages about settings: ranges, units, lists of names, the nearest name.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "spikeweave/core/field.hpp"

namespace spikeweave {

using Words = std::vector<std::string_view>;

template <class Names>
Words words_of(const Names& names) {
  return Words(std::begin(names), std::end(names));
}

// "abc" in quotes, control characters escaped, cut where it is long.
std::string in_quotes(std::string_view text);

// The shortest text that reads back as the same number, whole numbers without a point.
std::string number_text(double value);

// (0, inf) or [0, 1); "" where every number is allowed.
std::string range_text(const Range& range);

// " [ms]", or "" without a unit.
std::string unit_text(std::string_view unit);

// The words with `separator` between them.
std::string join(const Words& words, std::string_view separator = " ");

// The candidate with the smallest edit distance to `word`; empty if none is close enough to be a slip of the pen.
std::string_view nearest(std::string_view word, const Words& candidates);

// `; did you mean "x"?`, or "" if no candidate is near.
std::string suggestion(std::string_view word, const Words& candidates);

// `"x" is not one of a b c; did you mean "b"?`
std::string not_one_of(std::string_view word, const Words& candidates);

// A key as part of a JSON pointer: ~ becomes ~0, / becomes ~1 (RFC 6901).
std::string pointer_token(std::string_view key);

}  // namespace spikeweave
