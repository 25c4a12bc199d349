// All that `spikeweave window` found: the curves, the fits, the measured points beside them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "spikeweave/protocol/exponential_fit.hpp"
#include "spikeweave/protocol/measured_points.hpp"
#include "spikeweave/protocol/run_protocol.hpp"

namespace spikeweave {

// Points from a file, beside the curve of the protocol `pair` or `forced`.
struct Measurement {
  std::string file;
  std::vector<WindowPoint> points;  // change as a fraction
  WindowFit fit;                    // of the points as a fraction
  double scale = 1.0;               // a point times it is drawn beside the curve
  bool scale_fitted = false;
  std::size_t scale_points = 0;  // that the fitted scale is made from
};

struct WindowResult {
  std::string rule;      // its name
  std::string protocol;  // its name
  std::string settings;  // JSON, every effective setting
  ProtocolResult curves;
  std::optional<WindowFit> fit;  // of the protocols `pair` and `forced`
  std::optional<Measurement> measurement;
};

// Points for the fit of a curve over D.
std::vector<WindowPoint> points_of(const ProtocolResult& pair_result);

// Loads the file and puts it beside the curve. scale: nothing: fitted.
// Throws InputError where the file is wrong, or no scale above 0 brings its points to the curve.
Measurement measure(const std::string& file, ChangeUnit unit, std::optional<double> scale,
                    const ProtocolResult& pair_result);

}  // namespace spikeweave
