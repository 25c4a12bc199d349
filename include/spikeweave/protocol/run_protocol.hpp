// Runs a protocol on one synapse: the change of its weight at every point.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "spikeweave/protocol/settings.hpp"
#include "spikeweave/protocol/trains.hpp"

namespace spikeweave {

struct ProtocolCurve {
  std::string name;
  std::vector<double> change;  // row-major over the axes
  std::vector<double> error;   // standard error of the mean over repeats; empty where there are none
};

// A number beside the curves.
struct ProtocolFigure {
  std::string name, unit;
  double value = 0.0;
};

struct ProtocolResult {
  std::vector<ProtocolAxis> axes;  // one or two
  std::vector<ProtocolCurve> curves;
  std::string change_unit;    // "weight", or "weight/s"
  std::size_t met_bound = 0;  // points (poisson: repeats) at which the weight met a bound
  std::size_t unsettled = 0;  // points after which the weight still moved: the rule acts in silence
  std::size_t run_count = 0;  // points (poisson: repeats) in all
  std::vector<ProtocolFigure> figures{};
};

// settings must have passed validate().
ProtocolResult run_protocol(const WindowSettings& settings);

}  // namespace spikeweave
