#include "spikeweave/protocol/measured_points.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <system_error>

#include <fmt/format.h>

#include "host/config/parse.hpp"
#include "host/config/text.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave {
namespace {

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view blank = " \t\r";
  const std::size_t first = text.find_first_not_of(blank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  for (std::size_t start = 0; start <= line.size();) {
    const std::size_t end = std::min(line.find(',', start), line.size());
    cells.push_back(trimmed(line.substr(start, end - start)));
    start = end + 1;
  }
  return cells;
}

std::optional<double> number_in(std::string_view cell) {
  if (!cell.empty() && cell.front() == '+') cell.remove_prefix(1);
  double value = 0.0;
  const auto [end, error] = std::from_chars(cell.data(), cell.data() + cell.size(), value);
  if (error != std::errc{} || end != cell.data() + cell.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

WindowPoint point_of(const std::vector<std::string_view>& cells, const std::string& place, double factor) {
  double numbers[3] = {0.0, 0.0, 0.0};
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const std::optional<double> number = number_in(cells[i]);
    if (!number) throw InputError(place, fmt::format("column {}: {} is not a number", i + 1, in_quotes(cells[i])));
    numbers[i] = *number;
  }
  if (cells.size() == 3 && !(numbers[2] > 0.0)) {
    throw InputError(place, fmt::format("column 3: the error {} is outside (0, inf)", number_text(numbers[2])));
  }
  return {numbers[0], factor * numbers[1], factor * numbers[2]};
}

}  // namespace

std::vector<WindowPoint> parse_points(const std::string& text, const std::string& name, ChangeUnit unit) {
  const double factor = unit == ChangeUnit::percent ? 0.01 : 1.0;
  std::vector<WindowPoint> points;
  std::size_t columns = 0;  // of the first line that counts
  std::size_t number = 0;
  for (std::size_t start = 0; start < text.size();) {
    const std::size_t end = std::min(text.find('\n', start), text.size());
    const std::string_view line = trimmed(std::string_view(text).substr(start, end - start));
    start = end + 1;
    ++number;
    if (line.empty() || line.front() == '#') continue;
    const std::vector<std::string_view> cells = cells_of(line);
    const std::string place = fmt::format("{}:{}", name, number);
    const bool header =
        columns == 0 && std::none_of(cells.begin(), cells.end(), [](auto cell) { return number_in(cell).has_value(); });
    if (cells.size() < 2 || cells.size() > 3) {
      throw InputError(
          place, fmt::format("expected 2 or 3 columns with commas between (D, change, error), found {}", cells.size()));
    }
    if (columns != 0 && cells.size() != columns) {
      throw InputError(place, fmt::format("expected {} columns as above, found {}", columns, cells.size()));
    }
    columns = cells.size();
    if (!header) points.push_back(point_of(cells, place, factor));
  }
  if (points.empty()) throw InputError(name, "no points; expected lines of D, change or D, change, error");
  return points;
}

std::vector<WindowPoint> load_points(const std::string& path, ChangeUnit unit) {
  return parse_points(read_text_file(path), path, unit);
}

std::optional<double> curve_at(const std::vector<double>& differences, const std::vector<double>& change,
                               double difference) {
  if (difference == 0.0 || differences.empty() || difference < differences.front() || difference > differences.back()) {
    return std::nullopt;
  }
  // The side of 0 on which D lies: elements first .. last - 1.
  const auto begin = differences.begin();
  const auto first = difference > 0.0 ? std::upper_bound(begin, differences.end(), 0.0) : begin;
  const auto last = difference > 0.0 ? differences.end() : std::lower_bound(begin, differences.end(), 0.0);
  if (last - first < 2) return std::nullopt;
  const auto upper = std::clamp(std::lower_bound(first, last, difference), first + 1, last - 1);
  const auto i = static_cast<std::size_t>(upper - begin);
  const double share = (difference - differences[i - 1]) / (differences[i] - differences[i - 1]);
  return change[i - 1] + share * (change[i] - change[i - 1]);
}

std::optional<FittedScale> fit_scale(const std::vector<WindowPoint>& points, const std::vector<double>& differences,
                                     const std::vector<double>& change) {
  double curve_point = 0.0, curve_curve = 0.0;
  FittedScale fitted;
  for (const WindowPoint& point : points) {
    const std::optional<double> curve = curve_at(differences, change, point.difference);
    if (!curve) continue;
    const double weight = point.error > 0.0 ? 1.0 / (point.error * point.error) : 1.0;
    curve_point += weight * *curve * point.change;
    curve_curve += weight * *curve * *curve;
    ++fitted.point_count;
  }
  // point = c * curve with the smallest squares: c = curve_point / curve_curve.
  if (!(curve_point > 0.0) || !(curve_curve > 0.0)) return std::nullopt;
  fitted.scale = curve_curve / curve_point;
  return fitted;
}

}  // namespace spikeweave
