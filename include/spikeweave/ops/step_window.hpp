// The stretch of a trial's steps on which an operation works. Its arrays are those of the whole trial; what lies before
// the stretch is there from earlier calls. By default the whole trial.
#pragma once

#include <cstddef>

#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

struct StepWindow {
  std::size_t begin = 0;
  std::size_t end = ~std::size_t{0};  // one behind the last

  // The same within a trial of this length.
  SW_HD std::size_t end_in(std::size_t length) const { return end < length ? end : length; }
};

}  // namespace spikeweave
