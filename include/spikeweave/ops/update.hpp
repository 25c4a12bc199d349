// Changes of parameters.
#pragma once

#include <cstdint>

#include "spikeweave/core/view.hpp"
#include "spikeweave/optim/optimizer.hpp"

namespace spikeweave {

// One optimiser step on one block of parameters.
template <class Real>
struct ApplyArgs {
  OptimizerStep<Real> step;
  Real low = 0, high = 0;     // bounds the parameter is cut to after that
  Real decay = 1;             // multiplies the parameter after the change
  Real average_decay = 0;     // running average: average += (1 - average_decay) * (parameter - average)
  View<const Real> gradient;  // [rows, columns]
  View<Real> parameter;       // [rows, columns]
  View<Real> first_moment;    // [rows, columns]
  View<Real> second_moment;   // [rows, columns]
  View<Real> average;         // [rows, columns] or empty
  // Where given, receives the same increment, transposed, and is multiplied by decay too (adaptive feedback).
  View<Real> mirrored;  // [columns, mirrored_stride] at offset mirrored_offset, or empty
  std::size_t mirrored_offset = 0;
  // Where given (symmetric feedback), the parameter is copied there, transposed, after the change.
  View<Real> transposed;  // as mirrored
};

}  // namespace spikeweave
