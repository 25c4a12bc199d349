// Changes of parameters.
#pragma once

#include <cstdint>

#include "spikeweave/core/view.hpp"
#include "spikeweave/learning/feedback/all.hpp"
#include "spikeweave/optim/optimizer.hpp"

namespace spikeweave {

// The feedback weights beside a block of parameters, which change with them as their scheme says.
template <class Real>
struct FeedbackArgs {
  std::size_t scheme = 0;  // index in FeedbackSchemes
  Real magnitude = 1;
  Real decay = 1;        // of schemes under which both decay
  Real* back = nullptr;  // beside parameter (i, j) at i * row_stride + j * column_stride; nullptr: none
  std::size_t row_stride = 0, column_stride = 0;

  SW_HD void update(std::size_t i, std::size_t j, Real increment, Real weight) const {
    if (back == nullptr) return;
    Real& own = back[i * row_stride + j * column_stride];
    own = next_feedback<Real>(scheme, {own, increment, weight, decay, magnitude});
  }
};

// One optimiser step on one block of parameters.
template <class Real>
struct ApplyArgs {
  OptimizerStep<Real> step;
  Real low = 0, high = 0;     // bounds the parameter is cut to after that
  Real average_decay = 0;     // running average: average += (1 - average_decay) * (parameter - average)
  View<const Real> gradient;  // [rows, columns]
  View<Real> parameter;       // [rows, columns]
  View<Real> first_moment;    // [rows, columns]
  View<Real> second_moment;   // [rows, columns]
  View<Real> average;         // [rows, columns] or empty
  FeedbackArgs<Real> feedback;
};

}  // namespace spikeweave
