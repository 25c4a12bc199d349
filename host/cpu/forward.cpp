// Batch elements are independent, so each runs all its steps on one thread with its state in the cache; within a step
// the loops run over the post neurons on vector registers. Where projections lead from population to population within
// a step, trials go together through each step, so that they share what is read of the weights. Where no projection
// leads back, a population makes a block of steps for several trials before the next one does.
#include <algorithm>
#include <deque>

#include "host/cpu/layered_forward.hpp"
#include "host/cpu/operations.hpp"
#include "host/cpu/trial_run.hpp"
#include "host/cpu/within_step.hpp"
#include "spikeweave/core/error.hpp"

namespace spikeweave::cpu {
namespace {

// Runs the trials [first, first + count) step by step.
template <class Real>
void run_trials(const ForwardArgs<Real>& args, const std::vector<StepFunction<Real>>& step, std::size_t first,
                std::size_t count) {
  std::deque<TrialRun<Real>> runs;  // they do not move
  std::size_t end = 0;
  for (std::size_t b = first; b < first + count; ++b) {
    runs.emplace_back(args, step, b);
    end = std::max(end, runs.back().end());
  }
  WithinStep<Real> within_step(args);
  std::vector<TrialRun<Real>*> running;
  for (std::size_t t = args.window.begin; t < end; ++t) {
    running.clear();
    for (TrialRun<Real>& run : runs) {
      if (t < run.end()) running.push_back(&run);
    }
    for (TrialRun<Real>* run : running) run->arrive(t);
    for (std::size_t p = 0; p < args.populations.size(); ++p) {
      within_step.arrive(t, p, running);
      for (TrialRun<Real>* run : running) run->step(t, p);
    }
    for (TrialRun<Real>* run : running) run->end_step(t);
  }
  for (TrialRun<Real>& run : runs) run.finish();
}

}  // namespace

template <class Real>
void forward(const ForwardArgs<Real>& args, int threads) {
  std::vector<StepFunction<Real>> step;
  for (const PopulationView& population : args.populations) {
    step.push_back(step_function<Real>(population, !args.forced.empty()));
  }
  const bool has_rates = std::any_of(args.populations.begin(), args.populations.end(), [](const PopulationView& p) {
    return p.second > 0 ||
           NeuronModels::visit(p.model, []<template <class> class Model>() { return Model<Real>::is_rate; });
  });
  SW_EXPECTS(!has_rates || args.batch == 0 || !args.outputs.empty(),
             "forward: rate models and second compartments need a place for outputs");
  SW_EXPECTS(args.cell_count >= args.neuron_count, "forward: every neuron is a cell");
  SW_EXPECTS(args.plasticity.empty() || args.batch <= 1, "forward: plasticity needs a batch of one trial");
  SW_EXPECTS(args.plasticity.empty() || (args.window.begin == 0 && args.window.end >= args.steps),
             "forward: plasticity runs a trial as a whole");
  if (args.draw != nullptr) encode(*args.draw, threads);
  if (!args.continues && args.window.begin == 0) start_states(args);
  const LayerBlock block(args.batch, args.window.end_or(args.steps) - args.window.begin, threads);
  if (is_layered(args, block)) {
    const std::size_t groups = (args.batch + block.trials - 1) / block.trials;
#pragma omp parallel for schedule(dynamic) num_threads(threads_for(groups, threads))
    for (std::size_t g = 0; g < groups; ++g) {
      const std::size_t first = g * block.trials;
      LayeredForward<Real>(args, step, first, std::min(block.trials, args.batch - first)).run(block.steps);
    }
    return;
  }
  const std::size_t together = args.within_step.count == 0 ? 1 : trials_together(args.batch, threads);
  const std::size_t groups = (args.batch + together - 1) / together;
#pragma omp parallel for schedule(dynamic) num_threads(threads_for(groups, threads))
  for (std::size_t g = 0; g < groups; ++g) {
    run_trials(args, step, g * together, std::min(together, args.batch - g * together));
  }
}
template void forward<float>(const ForwardArgs<float>&, int);
template void forward<double>(const ForwardArgs<double>&, int);

}  // namespace spikeweave::cpu
