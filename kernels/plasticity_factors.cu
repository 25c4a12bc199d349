// Factors of a plasticity rule for a whole trial: a thread per trial and cell, forward in time.
#include "kernels/launch.cuh"
#include "kernels/operations.cuh"
#include "kernels/pre_cells.cuh"

namespace spikeweave::SW_DEVICE {
namespace {

template <class Rule, class T>
__global__ void plasticity_factors_kernel(PlasticityFactorArgs<float> args, typename Rule::Constants constants,
                                          PreCells<T> cells) {
  const std::size_t index = global_index_1d();
  const std::size_t batch = args.factors.shape[1];
  const std::size_t steps = args.factors.shape[2];
  const std::size_t count = args.factors.shape[3];
  if (index >= batch * count) return;
  const std::size_t trial = index / count;
  const std::size_t cell = index % count;
  const std::size_t term_stride = batch * steps * count;
  typename Rule::Pre pre;
  typename Rule::Post post;
  for (std::size_t t = 0; t < steps; ++t) {
    float* const out = args.factors.data + (trial * steps + t) * count + cell;
    if (static_cast<std::int64_t>(t) >= args.length[trial]) {
      for (std::size_t k = 0; k < Rule::term_count; ++k) out[k * term_stride] = 0.0f;
      continue;
    }
    const float spike = cells.at(trial, static_cast<unsigned>(t)).at(cell);
    const float output = args.outputs.empty() ? spike : args.outputs(trial, t, cell);
    if (args.side == SynapseSide::pre) {
      const auto f = Rule::pre_step(constants, pre, output);
      for (std::size_t k = 0; k < Rule::term_count; ++k) out[k * term_stride] = f.at[k];
    } else {
      const float weight = args.weight.empty() ? 1.0f : args.weight(trial, t);
      const auto f = Rule::post_step(constants, post, {spike, output});
      for (std::size_t k = 0; k < Rule::term_count; ++k) out[k * term_stride] = weight * f.at[k];
    }
  }
}

}  // namespace

void plasticity_factors(Context& context, const PlasticityFactorArgs<float>& args) {
  const std::size_t threads = args.factors.shape[1] * args.factors.shape[3];
  with_pre_cells(args.events, args.values, {}, args.frame_steps, [&]<class T>(const PreCells<T>& cells) {
    visit_plasticity(*args.learning, [&]<template <class> class RuleOf>(const auto& params) {
      using Rule = RuleOf<float>;
      SW_EXPECTS(args.factors.shape[0] == Rule::term_count, "plasticity_factors: expected one block per term");
      launch_1d(context.stream, threads, plasticity_factors_kernel<Rule, T>, args, Rule::derive(params, args.dt),
                cells);
    });
  });
}

}  // namespace spikeweave::SW_DEVICE
