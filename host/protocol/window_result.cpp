#include "host/protocol/window_result.hpp"

#include "spikeweave/core/error.hpp"

namespace spikeweave {

std::vector<WindowPoint> points_of(const ProtocolResult& pair_result) {
  std::vector<WindowPoint> points;
  const ProtocolCurve& curve = pair_result.curves.front();
  for (std::size_t i = 0; i < pair_result.axes.front().values.size(); ++i) {
    points.push_back({pair_result.axes.front().values[i], curve.change[i], curve.error.empty() ? 0.0 : curve.error[i]});
  }
  return points;
}

Measurement measure(const std::string& file, ChangeUnit unit, std::optional<double> scale,
                    const ProtocolResult& pair_result) {
  Measurement measurement{file, load_points(file, unit), {}, 1.0, !scale.has_value(), 0};
  measurement.fit = fit_window(measurement.points);
  if (scale) {
    measurement.scale = *scale;
    return measurement;
  }
  const auto fitted = fit_scale(measurement.points, pair_result.axes.front().values, pair_result.curves.front().change);
  if (!fitted) {
    throw InputError(file,
                     "no scale above 0 brings these points to the curve (it reaches none of them, is 0 there, or "
                     "has the other sign); give one with --data-scale");
  }
  measurement.scale = fitted->scale;
  measurement.scale_points = fitted->point_count;
  return measurement;
}

}  // namespace spikeweave
