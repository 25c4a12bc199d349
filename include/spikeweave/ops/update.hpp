// Changes of parameters.
#pragma once

#include <cstdint>

#include "spikeweave/core/random.hpp"
#include "spikeweave/core/view.hpp"
#include "spikeweave/learning/feedback/all.hpp"
#include "spikeweave/ops/projection.hpp"
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
    FeedbackSchemes::visit(scheme, [&]<class Scheme>() {
      if constexpr (follows_updates<Scheme>) {
        Real& own = back[i * row_stride + j * column_stride];
        own = Scheme::next(FeedbackStep<Real>{own, increment, weight, decay, magnitude});
      }
    });
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

// A phase of noise for the feedback beside a projection: of `samples` patterns n of normal numbers, one for each pre
// cell, the post cells receive y[s,j] = sum_i n[s,i] W[i,j]; then B = decay B + rate / samples * sum_s n[s,i] y[s,j].
// Exactness: sums start at 0 and run in ascending order, bit for bit on every backend.
template <class Real>
struct MirrorArgs {
  ProjectionView<Real> projection;  // with its weights
  FeedbackArgs<Real> feedback;      // where B stands
  std::size_t samples = 1;
  Real noise = 0;  // standard deviation
  Real rate = 0;
  Real decay = 1;
  std::uint64_t seed = 0;
  std::uint32_t stream = 0;  // tells projections apart
  std::uint32_t phase = 0;   // counts phases

  // The noise of pre cell i comes from word i % 4.
  SW_HD PhiloxCounter counter(std::size_t sample, std::size_t i) const {
    return random_counter(Purpose::mirror_noise, stream, static_cast<std::uint32_t>(i / 4),
                          static_cast<std::uint32_t>(sample), phase);
  }
};

// to[j,i] = factor * from[i,j].
template <class Real>
struct TransposeArgs {
  View<const Real> from;  // [rows, columns]
  View<Real> to;          // [columns, rows]; overwritten
  Real factor = 1;
};

}  // namespace spikeweave
