// Measured points of an STDP window, from a text file.
//
// Lines "D, change" or "D, change, error": D [ms] = t_post - t_pre, change of the synapse in percent or as a fraction,
// its standard error. The first line may be a header of names. Blank lines and lines that start with # are passed over.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spikeweave/core/field.hpp"
#include "spikeweave/protocol/exponential_fit.hpp"
#include "spikeweave/protocol/trains.hpp"

namespace spikeweave {

enum class ChangeUnit { percent, fraction };
template <>
struct EnumNames<ChangeUnit> {
  static constexpr std::array<std::string_view, 2> names{"percent", "fraction"};
};

// The points with their change as a fraction, in the order of the text.
// Throws InputError "<name>:<line>: ..." for a line that is no point, "<name>: ..." where there is none.
std::vector<WindowPoint> parse_points(const std::string& text, const std::string& name, ChangeUnit unit);
std::vector<WindowPoint> load_points(const std::string& path, ChangeUnit unit);

// The curve at D, between the neighbours in `differences` (ascending) that lie on the same side of 0; close to 0 by the
// straight line through the two innermost ones. Nothing at D = 0, outside the range, or with fewer than two neighbours.
std::optional<double> curve_at(const std::vector<double>& differences, const std::vector<double>& change,
                               double difference);

struct FittedScale {
  double scale = 0.0;           // curve = scale * point, in the sense of least squares in the points' unit
  std::size_t point_count = 0;  // points that the curve reaches
};

// Nothing where the curve reaches no point, or fits best upside down.
std::optional<FittedScale> fit_scale(const std::vector<WindowPoint>& points, const std::vector<double>& differences,
                                     const std::vector<double>& change);

}  // namespace spikeweave
