// Networks in which no projection leads back: each population can make all its steps before the next one makes its
// first, so that a product takes the steps of many trials at once. Each backend decides whether it does so.
#pragma once

#include <algorithm>

#include "spikeweave/ops/forward.hpp"
#include "spikeweave/ops/gradient.hpp"

namespace spikeweave {

// Whether all are dense and lead to cells behind those they come from.
template <class Real>
bool lead_ahead(const ProjectionList<Real>& projections) {
  return std::all_of(projections.at, projections.at + projections.count, [](const ProjectionView<Real>& projection) {
    return projection.sparse == nullptr && projection.pre_begin + projection.pre_count <= projection.post_begin;
  });
}

// Whether all between neurons do, and to other populations.
template <class Real>
bool lead_ahead(const ForwardArgs<Real>& args) {
  // A projection leads to a population or several; all of them must lie behind its cells.
  const auto leads_within = [&args](const ProjectionView<Real>& projection) {
    return std::any_of(args.populations.begin(), args.populations.end(), [&](const PopulationView& population) {
      return projection.post_begin > population.begin &&
             projection.pre_begin + projection.pre_count > population.begin &&
             projection.post_begin < population.begin + population.count;
    });
  };
  const auto leads_to_others = [&](const ProjectionList<Real>& list) {
    return lead_ahead(list) && std::none_of(list.at, list.at + list.count, leads_within);
  };
  return leads_to_others(args.recurrent) && leads_to_others(args.within_step);
}

// Whether the backward recursion can take one stretch of neurons after the other, and follows any projection.
template <class Real>
bool lead_ahead(const AdjointArgs<Real>& args) {
  return args.recurrent.count + args.within_step.count > 0 && lead_ahead(args.recurrent) &&
         lead_ahead(args.within_step);
}

}  // namespace spikeweave
