// The stretch of a trial's steps on which an operation works; by default the whole trial. Its arrays are those of the
// whole trial, or have the rows of the stretch and those around it that the operation reads (see Buffer::view); what
// lies before the stretch is there from earlier calls.
#pragma once

#include <cstddef>

#include "spikeweave/core/host_device.hpp"

namespace spikeweave {

struct StepWindow {
  std::size_t begin = 0;
  std::size_t end = ~std::size_t{0};  // one behind the last

  // `end` within a trial of this length.
  SW_HD std::size_t end_in(std::size_t length) const { return end < length ? end : length; }
  // `end`; of a window that is the whole trial, the rows of its arrays.
  SW_HD std::size_t end_or(std::size_t rows) const { return end == ~std::size_t{0} ? rows : end; }
};

}  // namespace spikeweave
