#include "host/config/read_value.hpp"

namespace spikeweave::detail {
namespace {

// The bounds of a distribution in order, and inside of what the setting allows as far as it has bounds.
void check_bounds(const Spot& at, const Distribution& d) {
  const auto found = [&d] { return fmt::format("low {}, high {}", number_text(d.low), number_text(d.high)); };
  if (d.kind == DistributionKind::uniform && !(d.low <= d.high)) {
    throw InputError(at.place, "uniform needs low <= high, found " + found());
  }
  if (d.kind == DistributionKind::log_uniform && !(0.0 < d.low && d.low < d.high)) {
    throw InputError(at.place, "log_uniform needs 0 < low < high, found " + found());
  }
  const double low = d.mean - 2.0 * d.std;
  const double high = d.mean + 2.0 * d.std;
  if (d.kind == DistributionKind::truncated_normal && !(at.range.contains(low) && at.range.contains(high))) {
    throw InputError(at.place,
                     fmt::format("truncated_normal reaches from {} to {} (mean - 2 std to mean + 2 std); "
                                 "allowed are {}{}",
                                 number_text(low), number_text(high), range_text(at.range), unit_text(at.unit)));
  }
}

}  // namespace

void require_known_keys(const Json& object, const std::string& place, Words known) {
  std::sort(known.begin(), known.end());
  for (const auto& [key, value] : object.items()) {
    if (std::binary_search(known.begin(), known.end(), std::string_view(key))) continue;
    const std::string near = suggestion(key, known);
    throw InputError(fmt::format("{}/{}", place, pointer_token(key)),
                     fmt::format("unknown key{} known keys are {}", near.empty() ? ";" : near, join(known)));
  }
}

std::size_t read_name(const Json& json, const std::string& place, const Words& names) {
  if (!json.is_string()) fail_expected(place, "one of " + join(names), json);
  const std::string& name = json.get_ref<const std::string&>();
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) throw InputError(place, not_one_of(name, names));
  return static_cast<std::size_t>(found - names.begin());
}

void read_distribution(const Json& json, const Spot& at, Distribution& value) {
  value = Distribution{};
  if (json.is_number()) {
    read_value(json, at, value.value);
    return;
  }
  if (!json.is_object()) fail_expected(at.place, "a number or an object with \"distribution\"", json);
  const auto kind = json.find("distribution");
  if (kind == json.end()) {
    throw InputError(at.place + "/distribution",
                     "missing; expected one of " + join(words_of(EnumNames<DistributionKind>::names)));
  }
  read_value(*kind, at.below("distribution"), value.kind);
  Words known = keys_of(value.kind);
  known.push_back("distribution");
  require_known_keys(json, at.place, known);

  for_each_field<Distribution>([&](const auto& entry) {
    if constexpr (std::same_as<std::remove_reference_t<decltype(value.*(entry.member))>, double>) {
      if (std::find(known.begin(), known.end(), entry.key) == known.end()) return;
      const Range& range = entry.key == "std" ? entry.range : at.range;
      read_member(json, {fmt::format("{}/{}", at.place, entry.key), at.unit, range}, entry.key, value.*(entry.member));
    }
  });
  check_bounds(at, value);
}

}  // namespace spikeweave::detail
