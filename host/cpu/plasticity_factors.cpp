#include <algorithm>
#include <vector>

#include "host/cpu/operations.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave::cpu {
namespace {

// Activity of the cells in a step.
template <class Real>
void load_activity(const PlasticityFactorArgs<Real>& args, std::size_t b, std::size_t t,
                   std::vector<PostActivity<Real>>& activity) {
  if (!args.events.empty()) {
    const std::uint8_t* events = args.events.row(b, t);
    const Real* const outputs = args.outputs.empty() ? nullptr : args.outputs.row(b, t);
    for (std::size_t i = 0; i < activity.size(); ++i) {
      const Real spike = static_cast<Real>(events[i]);
      activity[i] = {spike, outputs != nullptr ? outputs[i] : spike};
    }
  } else {
    const Real* const values = args.values.row(b, t / args.frame_steps);
    for (std::size_t i = 0; i < activity.size(); ++i) activity[i] = {values[i], values[i]};
  }
}

template <class Rule, class Real>
void run_trial(const PlasticityFactorArgs<Real>& args, const typename Rule::Constants& constants, std::size_t b) {
  const std::size_t steps = args.factors.shape[2];
  const std::size_t cells = args.factors.shape[3];
  const auto length = static_cast<std::size_t>(args.length[b]);
  const std::size_t term_stride = args.factors.shape[1] * steps * cells;
  std::vector<typename Rule::Pre> pre(args.side == SynapseSide::pre ? cells : 0);
  std::vector<typename Rule::Post> post(args.side == SynapseSide::post ? cells : 0);
  std::vector<PostActivity<Real>> activity(cells);
  for (std::size_t t = 0; t < steps; ++t) {
    Real* const out = args.factors.row(0) + (b * steps + t) * cells;
    if (t >= length) {
      for (std::size_t k = 0; k < Rule::term_count; ++k) std::fill_n(out + k * term_stride, cells, Real(0));
      continue;
    }
    load_activity(args, b, t, activity);
    const Real weight = args.weight.empty() ? Real(1) : args.weight(b, t);
    for (std::size_t i = 0; i < cells; ++i) {
      if (args.side == SynapseSide::pre) {
        const auto f = Rule::pre_step(constants, pre[i], activity[i].output);
        for (std::size_t k = 0; k < Rule::term_count; ++k) out[k * term_stride + i] = f.at[k];
      } else {
        const auto f = Rule::post_step(constants, post[i], activity[i]);
        for (std::size_t k = 0; k < Rule::term_count; ++k) out[k * term_stride + i] = weight * f.at[k];
      }
    }
  }
}

}  // namespace

template <class Real>
void plasticity_factors(const PlasticityFactorArgs<Real>& args, int threads) {
  visit_plasticity(*args.learning, [&]<template <class> class RuleOf>(const auto& params) {
    using Rule = RuleOf<Real>;
    SW_EXPECTS(args.factors.shape[0] == Rule::term_count, "plasticity_factors: expected one block per term");
    const auto constants = Rule::derive(params, args.dt);
    const std::size_t batch = args.factors.shape[1];
#pragma omp parallel for schedule(dynamic) num_threads(threads_for(batch, threads))
    for (std::size_t b = 0; b < batch; ++b) run_trial<Rule>(args, constants, b);
  });
}
template void plasticity_factors<float>(const PlasticityFactorArgs<float>&, int);
template void plasticity_factors<double>(const PlasticityFactorArgs<double>&, int);

}  // namespace spikeweave::cpu
